package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.sql.DataSource;
import liquibase.Liquibase;
import org.jboss.logging.Logger;

/**
 * Applies changesets to a database in use. Blocking: it belongs on a worker thread. Takes two
 * connections, one that keeps other runners out and one in which Liquibase works.
 */
final class SchemaRunner {
  private static final Logger LOG = Logger.getLogger(SchemaRunner.class);

  private static final Completion NOTHING = (session, ran) -> Optional.empty();

  private final DataSource source;
  private final SessionCheck check;
  private final Supplier<Liquibase> liquibase;
  private final Duration bound;
  private final Duration longTransaction;
  private final WriterFunctions functions = new WriterFunctions();

  /**
   * @param liquibase opens a Liquibase with a connection of its own
   * @param bound how long a stage is tried again
   * @param longTransaction a transaction older than this is waited for before an attempt
   */
  SchemaRunner(
      DataSource source, Supplier<Liquibase> liquibase, Duration bound, Duration longTransaction) {
    this(source, session -> {}, liquibase, bound, longTransaction);
  }

  /**
   * @param check refuses a session before anything is done in it
   */
  SchemaRunner(
      DataSource source,
      SessionCheck check,
      Supplier<Liquibase> liquibase,
      Duration bound,
      Duration longTransaction) {
    this.source = source;
    this.check = check;
    this.liquibase = liquibase;
    this.bound = bound;
    this.longTransaction = longTransaction;
  }

  SchemaReport apply(Migration migration, SchemaStage stage) {
    LongTransactions longTransactions = new LongTransactions(migration.table(), longTransaction);
    return run(
        "schema change " + stage.label() + " of " + migration.name(),
        stage.labels(migration),
        session -> {
          SupportedTable.require(session, migration.table());
          return stage == SchemaStage.INDEX
              ? indexObstacle(session, migration, longTransactions)
              : longTransactions.find(session);
        },
        switch (stage) {
          case INDEX ->
              (session, ran) -> PartitionIndexes.build(session, migration, longTransactions, ran);
          case EXPAND -> functions::tellIfMissing;
          default -> NOTHING;
        });
  }

  /** A build waits for other transactions, and no transaction waits for the build. */
  private static Optional<Obstacle> indexObstacle(
      Connection session, Migration migration, LongTransactions longTransactions)
      throws SQLException {
    Optional<Obstacle> obstacle = InvalidIndexes.drop(session, migration, longTransactions);
    return obstacle.isEmpty() && PartitionIndexes.isToBegin(session, migration)
        ? longTransactions.find(session)
        : obstacle;
  }

  private SchemaReport run(
      String what, String labels, Preparation preparation, Completion completion) {
    RetryBackoff backoff = new RetryBackoff(bound);
    try (FleetLock lock = FleetLock.take(source, backoff)) {
      check.check(lock.session());
      return repeat(labels, lock.session(), preparation, completion, backoff);
    } catch (MigrationException e) {
      throw e;
    } catch (Exception e) {
      throw SchemaErrors.explain(what, e);
    }
  }

  private SchemaReport repeat(
      String labels,
      Connection session,
      Preparation preparation,
      Completion completion,
      RetryBackoff backoff)
      throws Exception {
    List<String> ran = new ArrayList<>();
    int attempts = 0;
    while (true) {
      Optional<Obstacle> obstacle;
      try {
        obstacle = prepared(session, preparation);
        if (obstacle.isEmpty()) {
          attempts++;
          LiquibaseRun.update(liquibase, labels, ran);
          obstacle = completion.complete(session, ran);
          if (obstacle.isEmpty()) {
            return report(ran, attempts, backoff);
          }
        }
      } catch (Exception e) {
        if (!SchemaErrors.isRetryable(e)) {
          throw e;
        }
        obstacle = Optional.of(new Obstacle("attempt " + attempts, SchemaErrors.reason(e)));
      }
      backoff.waitFor(obstacle.get().kind(), obstacle.get().detail());
    }
  }

  private static Optional<Obstacle> prepared(Connection session, Preparation preparation)
      throws SQLException {
    Optional<Obstacle> locked = ChangelogLock.clear(session);
    return locked.isPresent() ? locked : preparation.prepare(session);
  }

  private static SchemaReport report(List<String> ran, int attempts, RetryBackoff backoff) {
    SchemaReport report = new SchemaReport(ran, attempts, backoff.elapsed());
    if (!ran.isEmpty()) {
      LOG.infof(
          "Schema changed by %s, attempts: %d, %d ms", ran, attempts, report.took().toMillis());
    }
    return report;
  }

  /** Says by its failure that a session must not be used. */
  interface SessionCheck {
    void check(Connection session) throws SQLException;
  }

  /** Makes a session ready for an attempt, and says what is in the way. */
  private interface Preparation {
    Optional<Obstacle> prepare(Connection session) throws SQLException;
  }

  /** Does what no changeset can, and says what is in the way of it. */
  private interface Completion {
    Optional<Obstacle> complete(Connection session, List<String> ran) throws SQLException;
  }
}
