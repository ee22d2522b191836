package io.zerodowntime.migration.backfill;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.EpochEnd;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.parity.Mismatches;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The runs and their cursors. */
@ApplicationScoped
public class BackfillStore implements EpochEnd {
  /** The lock keeps a step out until the commit: none leaves a run of its earlier epoch behind. */
  private static final String INSERT_RUN =
      """
      INSERT INTO backfill_run (migration, epoch, kind, whole_table, state, batch_size, delay_ms,
        target_load, rows_estimate, requested_by, started_at, inserts_before, snapshot, new_key)
      SELECT name, epoch, $3::varchar, $4::boolean, 'running', $5::integer, $6::integer, $7::real,
        $8::bigint, $9::text, clock_timestamp(), $10::bigint, $11::boolean,
        $12::boolean
      FROM migration_state WHERE name = $1 AND epoch = $2 FOR SHARE
      RETURNING id
      """;

  private static final String TRY_LOCK =
      """
      SELECT pg_try_advisory_xact_lock(hashtextextended('zerodowntime-count/' || $1::bigint, 0))
        AND EXISTS (SELECT FROM backfill_run WHERE id = $1 AND state = 'running') AS locked
      """;

  private static final String COMPLETE =
      """
      WITH total AS (
        SELECT COALESCE(sum(scanned), 0) AS scanned, COALESCE(sum(changed), 0) AS changed,
          COALESCE(sum(mismatched), 0) AS mismatched, COALESCE(bool_and(done), true) AS done
        FROM backfill_progress WHERE run_id = $1
      )
      UPDATE backfill_run r
      SET state = 'complete', finished_at = now(), finish_lsn = pg_current_wal_insert_lsn(),
        scanned = t.scanned, changed = t.changed, mismatched = t.mismatched,
        table_rows = $2::bigint, inserted = GREATEST(0, $3::bigint - r.inserts_before)
      FROM total t, migration_state s
      WHERE r.id = $1 AND r.state = 'running' AND t.done
        AND s.name = r.migration AND s.epoch = r.epoch
      RETURNING r.id
      """;

  private static final String SUPERSEDE =
      """
      UPDATE backfill_run r SET state = 'cancelled', finished_at = now()
      FROM migration_state s
      WHERE r.migration = $1 AND s.name = r.migration AND s.epoch <> r.epoch
        AND r.state IN ('running', 'paused')
      """;

  private static final String PURGE =
      """
      DELETE FROM backfill_progress WHERE run_id IN (
        SELECT id FROM backfill_run WHERE finished_at < now() - make_interval(secs => $1))
      """;

  /** The last complete run of each kind stays: a certificate names it. */
  private static final String PURGE_RUNS =
      """
      DELETE FROM backfill_run r USING migration_state s
      WHERE s.name = r.migration AND r.epoch < s.epoch
        AND COALESCE(r.finished_at, r.started_at) < now() - make_interval(secs => $1)
        AND EXISTS (SELECT FROM backfill_run n
          WHERE n.migration = r.migration AND n.kind = r.kind AND n.id > r.id AND n.whole_table
            AND n.state = 'complete')
      """;

  /** It reads the newest column too: an instance is not ready before all of them are there. */
  private static final String RUNS =
      """
      SELECT r.id, r.migration, r.epoch, r.kind, r.whole_table, r.snapshot, r.new_key,
        r.batch_size, r.delay_ms,
        CASE WHEN r.state IN ('running', 'paused') AND r.epoch <> s.epoch THEN 'cancelled'
          ELSE r.state END AS state,
        r.target_load::float8 AS target_load, r.rows_estimate, r.started_at, r.finished_at,
        COALESCE(r.scanned, sum(p.scanned), 0)::bigint AS scanned,
        COALESCE(r.changed, sum(p.changed), 0)::bigint AS changed,
        COALESCE(r.mismatched, sum(p.mismatched), 0)::bigint AS mismatched,
        count(*) FILTER (WHERE NOT p.done AND p.range_no >= %d) AS locked,
        count(p.leaf) AS of_partitions
      FROM backfill_run r JOIN migration_state s ON s.name = r.migration
      LEFT JOIN backfill_progress p ON p.run_id = r.id AND r.scanned IS NULL
      WHERE r.id IN (
        SELECT last.id FROM unnest($1::text[]) AS m (name) CROSS JOIN LATERAL (
          SELECT id FROM backfill_run WHERE migration = m.name ORDER BY id DESC LIMIT $2) AS last)
      GROUP BY r.id, s.epoch ORDER BY r.id DESC
      """
          .formatted(BatchStatement.FIRST_SKIPPED);

  private final Pool pool;

  BackfillStore(@Identifier(DatabasePools.CONTROL) Pool pool) {
    this.pool = pool;
  }

  static Run.Limits limits(Row row) {
    return new Run.Limits(
        row.getInteger("batch_size"),
        Duration.ofMillis(row.getInteger("delay_ms")),
        Math.min(1, row.getDouble("target_load")));
  }

  private static Run run(Row row) {
    return new Run(
        row.getLong("id"),
        row.getString("migration"),
        row.getLong("epoch"),
        RunKind.of(row.getString("kind")),
        row.getBoolean("whole_table"),
        row.getBoolean("snapshot"),
        row.getBoolean("new_key"),
        RunState.of(row.getString("state")),
        limits(row),
        row.getLong("scanned"),
        row.getLong("changed"),
        row.getLong("mismatched"),
        row.getLong("locked"),
        row.getLong("rows_estimate"),
        row.getOffsetDateTime("started_at"),
        Optional.ofNullable(row.getOffsetDateTime("finished_at")));
  }

  /** The last {@code limit} runs of a migration, the newest first. */
  public Uni<List<Run>> runs(Migration migration, int limit) {
    return runs(pool, List.of(migration), limit);
  }

  /** The last run of each migration that has one, in one statement. */
  Uni<List<Run>> lastRuns(List<Migration> migrations) {
    return runs(pool, migrations, 1);
  }

  static Uni<List<Run>> runs(SqlClient client, List<Migration> migrations, int limit) {
    String[] names = migrations.stream().map(Migration::name).toArray(String[]::new);
    return client
        .preparedQuery(RUNS)
        .execute(Tuple.of(names, limit))
        .map(rows -> rows.stream().map(BackfillStore::run).toList());
  }

  /** The run that is running or paused; there is at most one. */
  public Uni<Optional<Run>> active(Migration migration) {
    return runs(migration, 1).map(runs -> runs.stream().filter(Run::active).findFirst());
  }

  /** Writes a run and its ranges; answers its id. */
  Uni<Long> insert(
      SqlConnection transaction,
      MigrationState state,
      RunKind kind,
      RunPlan plan,
      Run.Limits limits,
      String requestedBy) {
    return transaction
        .preparedQuery(INSERT_RUN)
        .execute(
            Tuple.tuple()
                .addValue(state.name())
                .addValue(state.epoch())
                .addValue(kind.label())
                .addValue(plan.wholeTable())
                .addValue(limits.batchSize())
                .addValue((int) limits.delay().toMillis())
                .addValue((float) limits.targetLoad())
                .addValue(plan.rowsEstimate())
                .addValue(requestedBy)
                .addValue(plan.inserts())
                .addValue(plan.snapshot())
                .addValue(plan.newKey()))
        .map(rows -> insertedId(rows, state))
        .call(id -> KeyRanges.insert(transaction, id, plan.ranges()));
  }

  private static long insertedId(RowSet<Row> rows, MigrationState state) {
    if (rows.size() == 0) {
      throw new Refused("the phase of " + state.name() + " changed at this moment: ask again");
    }
    return rows.iterator().next().getLong("id");
  }

  /**
   * Counts the table and closes a run whose ranges are all done, unless partitions have come that
   * it has not read; true for the one caller that did it. The count reads the keys of the whole
   * table once: one worker counts, the others come again. Fails with what {@link
   * TableCount#tookTooLong} knows if the table cannot be counted.
   */
  Uni<Boolean> complete(SqlConnection transaction, Migration migration, Run run) {
    return complete(transaction, run, () -> Leaves.countIfAllRead(transaction, migration, run));
  }

  /** Closes a run as {@link #complete} does, without a count: no gate takes it as complete. */
  Uni<Boolean> completeUncounted(SqlConnection transaction, Run run) {
    return complete(transaction, run, () -> Uni.createFrom().item(Optional.of(TableCount.NONE)));
  }

  /** Closes a run with what {@code counted} gives; empty says that the run goes on. */
  static Uni<Boolean> complete(
      SqlConnection transaction, Run run, Supplier<Uni<Optional<TableCount>>> counted) {
    return transaction
        .preparedQuery(TRY_LOCK)
        .execute(Tuple.of(run.id()))
        .chain(
            rows ->
                rows.iterator().next().getBoolean("locked")
                    ? counted
                        .get()
                        .chain(
                            count ->
                                count
                                    .map(found -> complete(transaction, run.id(), found))
                                    .orElseGet(() -> Uni.createFrom().item(false)))
                    : Uni.createFrom().item(false));
  }

  private static Uni<Boolean> complete(SqlConnection transaction, long id, TableCount count) {
    return transaction
        .preparedQuery(COMPLETE)
        .execute(Tuple.of(id, count.rows().orElse(null), count.inserts()))
        .map(updated -> updated.rowCount() == 1)
        .call(closed -> Mismatches.settle(transaction, closed ? id : null));
  }

  /** Cancels what an earlier epoch left running: its batches do nothing any more. */
  @Override
  public Uni<Void> ended(SqlConnection transaction, String migration) {
    return transaction.preparedQuery(SUPERSEDE).execute(Tuple.of(migration)).replaceWithVoid();
  }

  /** Deletes the cursors of runs that ended longer ago than {@code age}. */
  Uni<Void> purgeCursors(Duration age) {
    return purge(PURGE, age);
  }

  /**
   * Deletes runs of earlier epochs that ended longer ago than {@code age}, but for the last ones.
   */
  Uni<Void> purgeRuns(Duration age) {
    return purge(PURGE_RUNS, age);
  }

  private Uni<Void> purge(String sql, Duration age) {
    return pool.preparedQuery(sql).execute(Tuple.of(age.toSeconds() * 1.0)).replaceWithVoid();
  }
}
