package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.parity.MismatchSource;
import io.zerodowntime.migration.parity.Mismatches;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Optional;

/**
 * Runs that compare in one snapshot. Such a run has one range, which no batch claims: its number
 * counts the attempts, and it holds the counts of the last one. What an attempt has found is
 * written under its number only, so one that goes on without its claim adds nothing to the next.
 */
@ApplicationScoped
class SnapshotStore {
  /** Attempts of a run before it compares in the order of the key. */
  static final int MAX_ATTEMPTS = 3;

  /** What one worker reads in a second at least; the limit catches what is slower. */
  private static final long BYTES_PER_SECOND = 50_000_000;

  /** Pages are of ordinary tables: one with children would be read with theirs. */
  private static final String BYTES =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """

      SELECT COALESCE(CASE WHEN bool_and(c.relkind = 'r' AND a.amname IS NOT DISTINCT FROM 'heap'
          AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid))
        THEN sum(pg_relation_size(c.oid)) END, 0)::bigint AS bytes
      FROM tree JOIN pg_class c ON c.oid = tree.relation AND c.relkind <> 'p'
      LEFT JOIN pg_am a ON a.oid = c.relam
      """;

  /**
   * Every partition that there is was read in the state in which it was at the instant, and none
   * with rows that disagree has gone.
   */
  private static final String WHOLE =
      SnapshotPages.MARKED
          + """
          SELECT NOT EXISTS (SELECT FROM leaf WHERE mark <> ALL ($2::text[]))
            AND NOT EXISTS (SELECT FROM unnest($3::bigint[]) AS d (id)
              WHERE d.id::oid NOT IN (SELECT l.id FROM leaf l)) AS whole
          """;

  /**
   * Forgets what a former attempt counted. The run begins anew, not later than the snapshot, so
   * that the keys it recorded are judged again.
   */
  private static final String BEGIN =
      """
      WITH begun AS (
        UPDATE backfill_progress p
        SET range_no = p.range_no + 1, scanned = 0, mismatched = 0, batches = 0
        FROM backfill_run r JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
        WHERE p.run_id = $1 AND r.id = p.run_id AND r.state = 'running' AND r.snapshot
          AND NOT p.done AND p.after_key IS NULL AND p.range_no < %d
        RETURNING p.range_no
      ), anew AS (
        UPDATE backfill_run r SET started_at = $2::timestamptz
        FROM begun b WHERE r.id = $1 AND b.range_no > 1
      )
      SELECT range_no FROM begun
      """
          .formatted(MAX_ATTEMPTS);

  /** A worker of a former version, which knows no snapshot, would move the range's cursor. */
  private static final String RECORD =
      """
      WITH settings AS MATERIALIZED (
        SELECT set_config('synchronous_commit', 'off', true)
      ), moved AS (
        UPDATE backfill_progress p
        SET scanned = p.scanned + $3, mismatched = p.mismatched + $4, batches = p.batches + 1,
          updated_at = now()
        FROM settings CROSS JOIN backfill_run r
        JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
        WHERE p.run_id = $1 AND p.range_no = $2 AND NOT p.done AND p.after_key IS NULL
          AND r.id = p.run_id AND r.state = 'running' AND r.snapshot
        RETURNING r.migration, r.epoch, r.batch_size, r.delay_ms, r.target_load
      ), kept AS (
        %s
      )
      SELECT batch_size, delay_ms, target_load::float8 AS target_load FROM moved
      """
          .formatted(
              Mismatches.record(
                  MismatchSource.SCAN,
                  """
                  SELECT m.migration, f.key, m.epoch, %(source), f.old_value, f.new_value
                  FROM moved m CROSS JOIN unnest($5::text[], $6::text[], $7::text[])
                    AS f (key, old_value, new_value)
                  """));

  private static final String COVER =
      """
      UPDATE backfill_progress SET done = true, updated_at = now()
      WHERE run_id = $1 AND range_no = $2 AND NOT done AND after_key IS NULL
      RETURNING scanned
      """;

  private static final String FALL_BACK =
      """
      WITH run AS (
        UPDATE backfill_run
        SET snapshot = false, started_at = clock_timestamp(), inserts_before = $2
        WHERE id = $1 AND state = 'running' AND snapshot
        RETURNING id
      ), former AS (
        DELETE FROM backfill_progress p USING run WHERE p.run_id = run.id
      )
      SELECT id FROM run
      """;

  private final Pool pool;
  private final Transactions transactions;

  SnapshotStore(Pool pool, Transactions transactions) {
    this.pool = pool;
    this.transactions = transactions;
  }

  /** Whether the table has pages to compare by, and is expected to be compared in time. */
  static Uni<Boolean> fits(
      SqlClient client, Migration migration, Run.Limits limits, Duration limit) {
    double perSecond = BYTES_PER_SECOND * limits.targetLoad();
    return client
        .preparedQuery(BYTES)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.iterator().next().getLong("bytes"))
        .map(bytes -> bytes > 0 && bytes / perSecond < limit.toMillis() / 1000.0);
  }

  /** Opens a session; see {@link SnapshotSession}. */
  Uni<SnapshotSession> open(Migration migration, Optional<String> snapshot, Duration limit) {
    return transactions.repeatable(() -> SnapshotSession.open(pool, migration, snapshot, limit));
  }

  /** Begins the next attempt and gives its number; empty if there is none left. */
  Uni<Optional<Integer>> begin(Run run, OffsetDateTime takenAt) {
    return transactions
        .once(() -> pool.preparedQuery(BEGIN).execute(Tuple.of(run.id(), takenAt)))
        .map(rows -> first(rows).map(row -> row.getInteger("range_no")));
  }

  /** Adds what a range held, and gives the limits from now on; empty if the attempt is over. */
  Uni<Optional<Run.Limits>> record(Run run, int attempt, SnapshotSession.Found found) {
    Tuple parameters =
        Tuple.tuple()
            .addValue(run.id())
            .addValue(attempt)
            .addValue(found.rows())
            .addValue(found.mismatched())
            .addValue(found.keys())
            .addValue(found.oldValues())
            .addValue(found.newValues());
    return transactions
        .once(() -> pool.preparedQuery(RECORD).execute(parameters))
        .map(rows -> first(rows).map(BackfillStore::limits));
  }

  /**
   * Closes a run whose pages are all compared: it saw every row that there was. Fails if partitions
   * have come, or one was rewritten: another attempt sees them.
   */
  static Uni<Boolean> complete(
      SqlConnection transaction, Migration migration, Run run, int attempt, SnapshotPages pages) {
    return BackfillStore.complete(
        transaction,
        run,
        () ->
            requireWhole(transaction, migration, pages)
                .chain(() -> transaction.preparedQuery(COVER).execute(Tuple.of(run.id(), attempt)))
                .map(
                    rows ->
                        Optional.of(
                            new TableCount(first(rows).map(row -> row.getLong("scanned")), 0))));
  }

  private static Uni<Void> requireWhole(
      SqlConnection transaction, Migration migration, SnapshotPages pages) {
    return pages.ofPartitions()
        ? transaction
            .preparedQuery(WHOLE)
            .execute(Tuple.of(migration.table(), pages.marks(), pages.differing()))
            .invoke(
                rows -> {
                  if (!rows.iterator().next().getBoolean("whole")) {
                    throw new IllegalStateException(
                        "its partitions are not those of the snapshot any more");
                  }
                })
            .replaceWithVoid()
        : Uni.createFrom().voidItem();
  }

  /** Lets a running run begin again in the order of the key; false if it is over. */
  Uni<Boolean> fallBack(Migration migration, Run run) {
    return transactions.inTransaction(
        transaction ->
            KeySql.of(transaction, migration, run)
                .chain(key -> Backfill.plan(transaction, key, run.limits(), false))
                .chain(
                    plan ->
                        transaction
                            .preparedQuery(FALL_BACK)
                            .execute(Tuple.of(run.id(), plan.inserts()))
                            .map(rows -> rows.size() == 1)
                            .call(
                                begun ->
                                    begun
                                        ? KeyRanges.insert(transaction, run.id(), plan.ranges())
                                        : Uni.createFrom().voidItem())));
  }

  private static Optional<Row> first(RowSet<Row> rows) {
    return rows.size() == 0 ? Optional.empty() : Optional.of(rows.iterator().next());
  }
}
