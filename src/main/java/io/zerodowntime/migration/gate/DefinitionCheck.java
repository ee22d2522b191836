package io.zerodowntime.migration.gate;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.Verdict;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Whether PostgreSQL takes the definitions of migrations, asked at the start and again after a
 * while. One that cannot be made safe is refused alone: its gate stays closed.
 */
@ApplicationScoped
class DefinitionCheck {
  static final String NAME = "definition";

  private static final Logger LOG = Logger.getLogger(DefinitionCheck.class);

  /** How long an answer is given again: the check makes a temporary table. */
  private static final Duration OPEN = Duration.ofMinutes(10);

  private static final Duration CLOSED = Duration.ofSeconds(10);

  /** Of a check that failed: each look would wait for a connection or a lock again. */
  private static final Duration FAILED = Duration.ofSeconds(1);

  /** It waits for no lock that others wait for, and takes none that writers would notice. */
  private static final String BEGIN =
      """
      BEGIN; SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '3s'
      """;

  private final Pool pool;
  private final Migrations migrations;
  private volatile boolean stopped;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();

  DefinitionCheck(Pool pool, Migrations migrations) {
    this.pool = pool;
    this.migrations = migrations;
  }

  /** One after the other: many at once would wait in vain for the connections of the pool. */
  void start(@Observes StartupEvent event) {
    Sequential.run(migrations.all(), migration -> verdict(migration).replaceWithVoid())
        .subscribe()
        .with(done -> {}, failure -> LOG.debug("definitions not checked", failure));
  }

  /** A command may end before the check of the start has: the pool is closed under it. */
  void stop(@Observes ShutdownEvent event) {
    stopped = true;
  }

  /** The last verdict; a first one, and one that is out of date, is sought. */
  Uni<Verdict> verdict(Migration migration) {
    return answers.compute(
            migration.name(),
            (name, last) -> last != null && last.counts() ? last : new Answer(ask(migration)))
        .verdict;
  }

  /** Judges anew, whatever the last verdict was. */
  Uni<DefinitionProbe.Result> judge(Migration migration) {
    return pool.withConnection(session -> rolledBack(session, migration, rivals(migration)));
  }

  private Uni<Found> ask(Migration migration) {
    return judge(migration)
        .map(result -> found(verdict(result), result.byCatalog()))
        .onFailure()
        .recoverWithItem(failure -> failed(migration, failure))
        .invoke(found -> log(migration, found));
  }

  /** Those before it that may move its columns, if their tables are one: it is refused then. */
  private List<Migration> rivals(Migration migration) {
    return migrations.all().stream()
        .filter(other -> other.name().compareTo(migration.name()) < 0)
        .filter(
            other -> migration.collision(other).or(() -> other.collision(migration)).isPresent())
        .toList();
  }

  private static Uni<DefinitionProbe.Result> rolledBack(
      SqlConnection session, Migration migration, List<Migration> rivals) {
    return session
        .query(BEGIN)
        .execute()
        .chain(() -> DefinitionProbe.judge(session, migration, rivals))
        .onItemOrFailure()
        .call(() -> rollBack(session));
  }

  /** If it fails the connection is gone, and the server has rolled back. */
  private static Uni<?> rollBack(SqlConnection session) {
    return session.query("ROLLBACK").execute().onFailure().recoverWithNull();
  }

  private static Verdict verdict(DefinitionProbe.Result result) {
    List<String> flaws = result.flaws();
    return flaws.isEmpty()
        ? Verdict.open(
            NAME, "the expressions hold for %d rows of a sample".formatted(result.rows()))
        : Verdict.closed(
            NAME,
            String.join("; ", flaws),
            "correct the definition (docs/reference.md#definitions), the rows, or what the role may"
                + " do (docs/adopting.md#the-databases-role)");
  }

  private static Found found(Verdict verdict, boolean byCatalog) {
    return new Found(
        verdict, byCatalog ? Duration.ZERO : verdict.open() ? OPEN : CLOSED, System.nanoTime());
  }

  /** A database that is away, busy or lost says nothing of the definition. */
  private Found failed(Migration migration, Throwable failure) {
    FailureKind kind = FailureKind.of(failure);
    boolean expected = stopped || kind == FailureKind.NOT_DONE || kind == FailureKind.UNKNOWN;
    LOG.logf(
        expected ? Logger.Level.DEBUG : Logger.Level.WARN,
        failure,
        "%s: definition not checked",
        migration.name());
    return new Found(
        Verdict.closed(
            NAME,
            "could not be checked: " + failure.getMessage(),
            "wait: it is checked again as soon as the gate is asked"),
        FAILED,
        System.nanoTime());
  }

  /** A table that is yet to come shows in the status. */
  private static void log(Migration migration, Found found) {
    LOG.logf(
        found.counts().equals(CLOSED) ? Logger.Level.WARN : Logger.Level.DEBUG,
        "%s: definition: %s",
        migration.name(),
        found.verdict().reason());
  }

  /**
   * What a check found.
   *
   * @param counts how long it is given again
   */
  private record Found(Verdict verdict, Duration counts, long nanos) {
    boolean isFresh() {
      return System.nanoTime() - nanos < counts.toNanos();
    }
  }

  /** One check: in flight, or with what it found. */
  private static final class Answer {
    private final Uni<Verdict> verdict;
    private volatile @Nullable Found found;

    Answer(Uni<Found> asked) {
      this.verdict =
          asked.invoke(each -> found = each).map(Found::verdict).memoize().indefinitely();
    }

    boolean counts() {
      Found now = found;
      return now == null || now.isFresh();
    }
  }
}
