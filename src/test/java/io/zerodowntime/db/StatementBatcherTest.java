package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.mutiny.Uni;
import io.vertx.sqlclient.ClosedConnectionException;
import io.zerodowntime.http.HttpProblems;
import io.zerodowntime.http.ProblemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Proves that requests share statements within the bounds, and that each gets its own result. */
class StatementBatcherTest {
  private static final Duration DEADLINE = Duration.ofSeconds(2);

  private final AtomicLong now = new AtomicLong();
  private final ControlledStatements statements = new ControlledStatements();
  private final StatementBatcher<String, String> batcher = commits(1, 4, 100);

  private StatementBatcher<String, String> commits(int lanes, int writes, int bytes) {
    return new StatementBatcher<>(
        statements,
        new StatementBatcher.Bounds(lanes, writes, bytes, DEADLINE),
        () -> new ProblemException(HttpProblems.overloaded()),
        now::get);
  }

  private CompletableFuture<String> write(String write) {
    return batcher.write(write).subscribeAsCompletionStage();
  }

  /** A write whose result is not looked at. */
  private void arrive(String write) {
    batcher.write(write).subscribe().with(result -> {}, failure -> {});
  }

  @Test
  void sendsTheFirstAtOnceAndAlone() throws Exception {
    CompletableFuture<String> a = write("a");

    assertThat(statements.sent).containsExactly(List.of("a"));
    statements.succeed(0);
    assertThat(a.get()).isEqualTo("did a");
  }

  @Test
  void sendsTogetherWhatArrivesInTheMeantime() throws Exception {
    arrive("a");
    CompletableFuture<String> b = write("b");
    CompletableFuture<String> c = write("c");
    assertThat(statements.sent).hasSize(1);

    statements.succeed(0);

    assertThat(statements.sent).containsExactly(List.of("a"), List.of("b", "c"));
    assertThat(b).isNotDone();
    statements.succeed(1);
    assertThat(b.get()).isEqualTo("did b");
    assertThat(c.get()).isEqualTo("did c");
  }

  @Test
  void usesEveryLaneBeforeAnythingWaits() {
    StatementBatcher<String, String> two = commits(2, 4, 100);
    List.of("a", "b", "c", "d").forEach(each -> two.write(each).subscribe().with(done -> {}));

    assertThat(statements.sent).containsExactly(List.of("a"), List.of("b"));
    statements.succeed(1);
    assertThat(statements.sent).last().isEqualTo(List.of("c", "d"));
  }

  @Test
  void boundsAGroupInCount() {
    arrive("a");
    List.of("b", "c", "d", "e", "f").forEach(this::arrive);

    statements.succeed(0);
    statements.succeed(1);

    assertThat(statements.sent)
        .containsExactly(List.of("a"), List.of("b", "c", "d", "e"), List.of("f"));
  }

  @Test
  void boundsAGroupInBytesAndStillSendsWhatIsLargerThanThat() {
    arrive("a");
    String half = "h".repeat(60);
    String large = "l".repeat(200);
    List.of("b", half, half + "2", large, "c").forEach(this::arrive);

    for (int each = 0; each < 4; each++) {
      statements.succeed(each);
    }

    assertThat(statements.sent)
        .containsExactly(
            List.of("a"), List.of("b", half), List.of(half + "2"), List.of(large), List.of("c"));
  }

  @Test
  void keepsKindsApartAndLosesNoStatement() throws Exception {
    arrive("a");
    CompletableFuture<String> b = write("b");
    CompletableFuture<String> other = write("2:b");
    CompletableFuture<String> c = write("c");

    statements.succeed(0);
    statements.succeed(1);
    statements.succeed(2);

    assertThat(statements.sent).containsExactly(List.of("a"), List.of("b", "c"), List.of("2:b"));
    assertThat(List.of(b.get(), c.get(), other.get())).containsExactly("did b", "did c", "did 2:b");
  }

  @Test
  void neverSendsTheSameIdentityTwiceInAGroup() {
    arrive("a");
    List.of("=k", "b", "=k", "=k").forEach(this::arrive);

    for (int each = 0; each < 4; each++) {
      statements.succeed(each);
    }

    assertThat(statements.sent)
        .containsExactly(List.of("a"), List.of("=k", "b"), List.of("=k"), List.of("=k"));
  }

  @Test
  void neverHasTheSameIdentityInFlightTwice() {
    StatementBatcher<String, String> two = commits(2, 4, 100);
    List.of("=k", "=k", "b").forEach(each -> two.write(each).subscribe().with(done -> {}));
    assertThat(statements.sent).containsExactly(List.of("=k"), List.of("b"));

    statements.succeed(0);

    assertThat(statements.sent).last().isEqualTo(List.of("=k"));
  }

  @Test
  void takesAFailedGroupApart() throws Exception {
    arrive("a");
    CompletableFuture<String> b = write("b");
    CompletableFuture<String> bad = write("bad");
    statements.succeed(0);

    statements.fail(1);

    assertThat(statements.sent)
        .containsExactly(List.of("a"), List.of("b", "bad"), List.of("b"), List.of("bad"));
    statements.succeed(2);
    statements.fail(3);
    assertThat(b.get()).isEqualTo("did b");
    assertThatThrownBy(bad::get).hasRootCauseMessage("statement 3");
  }

  @Test
  void sendsNothingAgainThatMayHaveBeenDone() {
    arrive("a");
    CompletableFuture<String> b = write("b");
    CompletableFuture<String> c = write("c");
    statements.succeed(0);

    statements.under(1).fail(ClosedConnectionException.INSTANCE);

    assertThat(statements.sent).containsExactly(List.of("a"), List.of("b", "c"));
    assertThatThrownBy(b::get).cause().isInstanceOf(ClosedConnectionException.class);
    assertThatThrownBy(c::get).cause().isInstanceOf(ClosedConnectionException.class);
    arrive("d");
    assertThat(statements.sent).last().isEqualTo(List.of("d"));
  }

  @Test
  void freesItsLaneAfterEveryFailure() {
    arrive("a");
    statements.fail(0);
    arrive("b");
    assertThat(statements.sent).containsExactly(List.of("a"), List.of("b"));

    CompletableFuture<String> thrown = write("throws");
    CompletableFuture<String> together = write("c");
    statements.succeed(1);
    assertThat(thrown).isCompletedExceptionally();
    assertThat(statements.sent).last().isEqualTo(List.of("c"));
    statements.succeed(2);
    assertThat(together).isCompletedWithValue("did c");
    arrive("d");
    assertThat(statements.sent).last().isEqualTo(List.of("d"));
  }

  @Test
  void takesAGroupApartWhoseResultsAreIncomplete() {
    arrive("a");
    CompletableFuture<String> b = write("b");
    CompletableFuture<String> c = write("c");
    statements.succeed(0);

    statements.under(1).complete(List.of("only one"));

    assertThat(statements.sent).endsWith(List.of("b"), List.of("c"));
    statements.succeed(2);
    statements.succeed(3);
    assertThat(b).isCompletedWithValue("did b");
    assertThat(c).isCompletedWithValue("did c");
  }

  @Test
  void givesUpOnWhatWaitedTooLongAndNeverSendsIt() {
    arrive("a");
    CompletableFuture<String> old = write("old");
    now.set(DEADLINE.toNanos());
    CompletableFuture<String> fresh = write("fresh");
    batcher.expire();
    assertThat(old).isNotDone();

    now.incrementAndGet();
    batcher.expire();

    assertOverloaded(old);
    statements.succeed(0);
    assertThat(statements.sent).containsExactly(List.of("a"), List.of("fresh"));
    assertThat(fresh).isNotDone();
  }

  @Test
  void givesEveryoneItsOwnResultUnderConcurrency() throws Exception {
    StatementBatcher<String, String> real =
        new StatementBatcher<>(
            new Slow(),
            new StatementBatcher.Bounds(2, 8, 1000, DEADLINE),
            () -> new ProblemException(HttpProblems.overloaded()),
            System::nanoTime);
    ExecutorService clients = Executors.newFixedThreadPool(16);
    try {
      List<Future<String>> answers = new ArrayList<>();
      for (int each = 0; each < 2000; each++) {
        String write = "w" + each;
        answers.add(clients.submit(() -> real.write(write).await().indefinitely()));
      }
      for (int each = 0; each < answers.size(); each++) {
        assertThat(answers.get(each).get()).isEqualTo("did w" + each);
      }
    } finally {
      clients.shutdownNow();
    }
  }

  private static void assertOverloaded(CompletableFuture<String> write) {
    assertThatThrownBy(write::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            ProblemException.class,
            failure -> {
              assertThat(failure.problem().status()).isEqualTo(503);
              assertThat(failure.problem().members().getString("type"))
                  .isEqualTo("urn:problem:overloaded");
            });
  }

  /** Statements that end without the test, on other threads. */
  private static final class Slow extends ControlledStatements {
    @Override
    public Uni<List<String>> sendBatch(List<String> writes, WriteRequests requests) {
      List<String> results = writes.stream().map(each -> "did " + each).toList();
      return Uni.createFrom().item(results).onItem().delayIt().by(Duration.ofMillis(1));
    }
  }
}
