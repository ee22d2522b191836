package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Evidence.ShadowEvidence;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.UnfencedWriter;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects the evidence that belongs to one epoch. */
final class EvidenceStore {
  /** Keys that are counted; beyond, there are "at least so many". */
  private static final int MAX_COUNTED = 1000;

  /** The last run of each kind; it counts only if it began after the drain of its own epoch. */
  private static final String RUNS =
      """
      SELECT r.id, r.kind, r.state, r.finish_lsn::text AS finish_lsn,
        r.table_rows, COALESCE(r.inserted, 0) AS inserted,
        COALESCE(r.scanned, p.scanned, 0)::bigint AS scanned, COALESCE(r.changed, p.changed, 0)::bigint AS changed,
        COALESCE(r.mismatched, p.mismatched, 0)::bigint AS mismatched
      FROM migration_state s
      CROSS JOIN unnest(ARRAY['forward', 'reverse', 'parity']) AS kinds (kind)
      CROSS JOIN LATERAL (
        SELECT * FROM backfill_run
        WHERE migration = s.name AND epoch = s.epoch AND kind = kinds.kind AND whole_table
          AND started_at >= s.drained_at
        ORDER BY id DESC LIMIT 1) r
      LEFT JOIN LATERAL (
        SELECT sum(scanned) AS scanned, sum(changed) AS changed, sum(mismatched) AS mismatched
        FROM backfill_progress WHERE run_id = r.id AND r.scanned IS NULL) p ON true
      WHERE s.name = $1 AND s.epoch = $2
      """;

  /**
   * The shadow reads of the last epoch in phase 2, which is the one before phase 3. An instance
   * that counted a kind of read within the window brings all of that kind that it counted in the
   * epoch: an upper bound. The other table is that of a former version, by the minute.
   */
  private static final String REST =
      """
      WITH bound AS (
        SELECT COALESCE($4::timestamptz, now()) - make_interval(secs => $3 + 60) AS since
      ), w AS (
        SELECT matches, mismatches, errors FROM parity_shadow, bound
        WHERE migration = $1 AND epoch = $2 AND minute >= since
        UNION ALL
        SELECT CASE WHEN matched_at >= since THEN matches END,
          CASE WHEN mismatched_at >= since THEN mismatches END,
          CASE WHEN failed_at >= since THEN errors END
        FROM parity_shadow_instance, bound WHERE migration = $1 AND epoch = $2
      )
      SELECT
        (SELECT count(*) FROM (SELECT FROM parity_mismatch
         WHERE migration = $1 AND repaired_at IS NULL LIMIT %d) few) AS unrepaired,
        COALESCE(sum(w.matches), 0)::bigint AS matches,
        COALESCE(sum(w.mismatches), 0)::bigint AS mismatches,
        COALESCE(sum(w.errors), 0)::bigint AS errors,
        (SELECT EXTRACT(epoch FROM clock_timestamp() - changed_at)::float8
         FROM migration_state WHERE name = $1) AS lasted
      FROM w
      """
          .formatted(MAX_COUNTED);

  private EvidenceStore() {}

  private static RunEvidence run(Row row) {
    return new RunEvidence(
        row.getLong("id"),
        RunState.of(row.getString("state")),
        row.getLong("scanned"),
        row.getLong("changed"),
        row.getLong("mismatched"),
        Optional.ofNullable(row.getLong("table_rows")),
        row.getLong("inserted"),
        Optional.ofNullable(row.getString("finish_lsn")));
  }

  private static Evidence evidence(
      Map<RunKind, RunEvidence> runs, Row row, List<UnfencedWriter> unfenced) {
    return new Evidence(
        Optional.ofNullable(runs.get(RunKind.FORWARD)),
        Optional.ofNullable(runs.get(RunKind.REVERSE)),
        Optional.ofNullable(runs.get(RunKind.PARITY)),
        row.getLong("unrepaired"),
        new ShadowEvidence(
            row.getLong("matches"), row.getLong("mismatches"), row.getLong("errors")),
        Duration.ofMillis((long) (row.getDouble("lasted") * 1000)),
        unfenced);
  }

  static Uni<Evidence> collect(
      SqlClient client, Migration migration, MigrationState state, Duration soak) {
    return client
        .preparedQuery(RUNS)
        .execute(Tuple.of(migration.name(), state.epoch()))
        .map(
            rows -> {
              Map<RunKind, RunEvidence> runs = new EnumMap<>(RunKind.class);
              rows.forEach(row -> runs.put(RunKind.of(row.getString("kind")), run(row)));
              return runs;
            })
        .chain(runs -> rest(client, migration, state, soak, runs));
  }

  private static Uni<Evidence> rest(
      SqlClient client,
      Migration migration,
      MigrationState state,
      Duration soak,
      Map<RunKind, RunEvidence> runs) {
    boolean past = state.phase() == Phase.CONTRACT;
    return client
        .preparedQuery(REST)
        .execute(
            Tuple.of(
                migration.name(),
                past ? state.epoch() - 1 : state.epoch(),
                soak.toSeconds() * 1.0,
                past ? state.changedAt() : null))
        .map(rows -> rows.iterator().next())
        .chain(row -> UnfencedWriters.of(client, migration).map(seen -> evidence(runs, row, seen)));
  }
}
