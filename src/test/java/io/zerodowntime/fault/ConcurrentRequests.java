package io.zerodowntime.fault;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Requests that are in flight all at once, as they wait for one row: if an earlier request had kept
 * its place in the admission, one of these would be refused as too many.
 */
final class ConcurrentRequests {
  static final int SIZE = 100;

  private static final long ORDER = 999;
  private static final String LOCK = "SELECT FROM orders WHERE id = %d FOR UPDATE".formatted(ORDER);

  private ConcurrentRequests() {}

  /** How many requests of a second burst, of reads, succeed; none if the first was not admitted. */
  static int run(Installation installation, HttpCalls http, Load load) throws Exception {
    List<CompletableFuture<HttpAnswer>> waiting;
    try (Connection stranger = installation.connect();
        Statement statement = stranger.createStatement()) {
      stranger.setAutoCommit(false);
      statement.execute(LOCK);
      waiting = send(http, load, Call.LOCKED_UPDATE);
      // those that are not refused at once wait for the row
      CompletableFuture<?> first =
          CompletableFuture.anyOf(waiting.toArray(CompletableFuture[]::new));
      first.completeOnTimeout(null, 500, TimeUnit.MILLISECONDS).join();
      stranger.rollback();
    }
    boolean refused =
        waiting.stream().anyMatch(answer -> answer.join().problem().equals("overloaded"));
    return refused
        ? 0
        : (int) send(http, load, Call.READ).stream().filter(a -> a.join().good()).count();
  }

  private static List<CompletableFuture<HttpAnswer>> send(HttpCalls http, Load load, Call call) {
    Duration limit = load.limit();
    return IntStream.range(0, SIZE)
        .mapToObj(i -> call.request(ORDER, load.nextValue()))
        .map(
            request ->
                http.send(request, limit)
                    .whenComplete((answer, none) -> load.ledger().note(request, answer)))
        .toList();
  }
}
