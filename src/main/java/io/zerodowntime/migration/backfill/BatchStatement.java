package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.parity.MismatchSource;
import io.zerodowntime.migration.parity.Mismatches;
import java.util.Map;

/**
 * The one statement of a batch: it claims a range that no worker holds, handles the next rows of
 * it, and moves the range's cursor, all in one transaction and one round trip.
 *
 * <p>Worked example of the bounds, batches of 3 over the keys 10, 20, 30, 40, 50 in the range low =
 * 10, high = 50. First batch: {@code after} is NULL, so keys {@code >= 10}: 10, 20, 30, and the
 * cursor becomes 30. Second batch: keys {@code >= 30} that are not 30 itself: 40, 50; these are
 * fewer than 3, so the range is done. The condition is written with {@code >=} and {@code IS
 * DISTINCT FROM} because that is an index condition and needs no smallest value of the key's type.
 *
 * <p>The statement does nothing unless the run is running and its epoch is in force: it is fenced
 * like every other writer, and the next epoch's grace period waits for it. Each row's new value is
 * computed from the row as it is when its lock is taken (READ COMMITTED evaluates both the
 * condition and the expression again after a wait), so a newer value is never overwritten. Columns
 * of ours begin with {@code zd_} so that they never hide one that an expression names, and so does
 * the claim, which would hide a table of that name.
 *
 * <p>Its commit does not wait for the disk: a crash of the server takes rows and cursor back
 * together, and the commit that declares the run complete does wait, for all that came before it.
 *
 * <p>No client waits long for its row locks. The settings are evaluated before the claim, and the
 * claim before any row of the table is locked, so {@code lock_timeout} holds for every wait of the
 * statement itself: 100 ms at most, and less than {@code deadlock_timeout}, so that in a circle of
 * waits it is the batch that gives way. A batch that gave way is followed by one that waits for no
 * row: it passes over the rows that are locked, and puts each of their keys into a range of its own
 * in the same commit. Such a range is like any other: the run is not complete before it is done.
 *
 * <p>Of a partitioned table a batch names one partition, and claims ranges of that one only. By the
 * table itself each batch would lock all of its partitions and set a plan up for each: with 300 of
 * them that takes ten times as long as the rows of a batch.
 */
final class BatchStatement {
  /** Ranges of one key, for a row that was locked, are numbered from here by a sequence. */
  static final int FIRST_SKIPPED = 1_000_000;

  /** Rows that one run passes over at most; beyond, it waits for the next one. */
  static final int MAX_SKIPPED = 1000;

  /** Keys of mismatches that one comparison keeps, but for workers that begin at once. */
  static final int MAX_KEPT = 1000;

  private static final String TEMPLATE =
      """
      WITH zd_settings AS MATERIALIZED (
        SELECT set_config('synchronous_commit', 'off', true),
          set_config('lock_timeout', GREATEST(1, LEAST(100, trunc(EXTRACT(epoch FROM
            current_setting('deadlock_timeout')::interval) * 500)))::integer::text, true)
      ), zd_claim AS (
        SELECT p.range_no AS zd_range, %list[{p.low_key} AS zd_low{s}],
          %list[{p.after_key} AS zd_after{s}], %list[{p.high_key} AS zd_high{s}]
        FROM zd_settings
        CROSS JOIN backfill_progress p
        JOIN backfill_run r ON r.id = p.run_id AND r.state = 'running' AND r.kind = '%(kind)'
          AND NOT r.snapshot
        JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
        WHERE p.run_id = $1 AND NOT p.done AND %(ofLeaf) AND %(claimed)
        LIMIT 1 FOR UPDATE OF p SKIP LOCKED
      ), %(work), moved AS (
        UPDATE backfill_progress b
        SET after_key = COALESCE(%text[w.last{s}], b.after_key), scanned = b.scanned + w.n,
          changed = b.changed + w.changed, mismatched = b.mismatched + w.mismatched,
          batches = b.batches + 1, done = w.done, updated_at = now()
        FROM zd_claim c, zd_work w
        WHERE b.run_id = $1 AND b.range_no = c.zd_range
        RETURNING w.n, w.changed, w.mismatched, w.skipped
      )
      SELECT m.n, m.changed, m.mismatched, m.skipped, r.batch_size, r.delay_ms,
        r.target_load::float8 AS target_load,
        r.state = 'running' AND r.kind = '%(kind)' AND s.epoch = r.epoch AND NOT r.snapshot
          AS working,
        EXISTS (SELECT FROM backfill_progress WHERE run_id = $1 AND NOT done) AS unfinished,
        EXISTS (SELECT FROM backfill_progress
          WHERE run_id = $1 AND NOT done AND range_no >= %(firstSkipped)) AS locked
      FROM backfill_run r JOIN migration_state s ON s.name = r.migration
      LEFT JOIN moved m ON true
      WHERE r.id = $1
      """;

  /** Ranges as they were cut: their rows are locked one after the other. */
  private static final String CUT_RANGES = "p.range_no < %(firstSkipped) ORDER BY p.range_no";

  /** Any range, those of one key last, and of these the one that was tried longest ago. */
  private static final String ANY_RANGE =
      """
      (p.range_no >= %(firstSkipped) OR %(maxSkipped) > (SELECT count(*) FROM backfill_progress
            WHERE run_id = $1 AND range_no >= %(firstSkipped)))
        ORDER BY CASE WHEN p.range_no >= %(firstSkipped) THEN p.updated_at END NULLS FIRST,
          p.range_no\
      """;

  private static final String IN_RANGE =
      "%row[t.{c}] >= %row[COALESCE(c.zd_after{s}, c.zd_low{s})]"
          + " AND %row[t.{c}] IS DISTINCT FROM %row[c.zd_after{s}]"
          + "%also[t.{c} >= COALESCE(c.zd_after{s}, c.zd_low{s})]";

  private static final String PAGE =
      """
      zd_page AS MATERIALIZED (
        SELECT %list[w.last{s} AS zd_last{s}], w.n AS zd_n
        FROM zd_claim c CROSS JOIN LATERAL (
          SELECT %(last), count(*) AS n
          FROM (
            SELECT %list[t.{c} AS key{s}] FROM %(table) t
            WHERE %(inRange) AND %row[t.{c}] <= %row[c.zd_high{s}]
            ORDER BY %list[t.{c}] LIMIT $2::bigint) k) w
      ),\
      """;

  /** The bounds are subqueries, not a join: that would carry copies of both CTEs with every row. */
  private static final String IN_PAGE =
      """
      %row[t.{c}] >= %row[(SELECT COALESCE(zd_after{s}, zd_low{s}) FROM zd_claim)]
          AND %row[t.{c}] IS DISTINCT FROM %row[(SELECT zd_after{s} FROM zd_claim)]
          AND %row[t.{c}] <= %row[(SELECT zd_last{s} FROM zd_page)]%also[t.{c} >= (SELECT
            COALESCE(zd_after{s}, zd_low{s}) FROM zd_claim)]%also[t.{c} <= (SELECT zd_last{s}
            FROM zd_page)] AND %(mismatch)\
      """;

  private static final String UPDATE =
      PAGE
          + """
          written AS (
            UPDATE %(table) AS t SET %(assignments)
            WHERE %(inPage)
            RETURNING 1
          ), zd_work AS MATERIALIZED (
            SELECT %list[p.zd_last{s} AS last{s}], p.zd_n AS n,
              (SELECT count(*) FROM written) AS changed,
              0::bigint AS mismatched, 0::bigint AS skipped, p.zd_n < $2::bigint AS done
            FROM zd_page p
          )\
          """;

  /**
   * Locks the rows that no other session has locked, and writes no other row. What disagreed in the
   * snapshot and was not locked is left to a range of its own; so is a row that a client has just
   * changed, which costs a look. A range of one key whose row is locked stays as it is.
   */
  private static final String UPDATE_UNLOCKED =
      PAGE
          + """
          zd_locked AS MATERIALIZED (
            SELECT %list[t.{c} AS zd_key{s}] FROM %(table) t
            WHERE %(inPage)
            FOR NO KEY UPDATE OF t SKIP LOCKED
          ), zd_skipped AS MATERIALIZED (
            SELECT %list[t.{c} AS zd_key{s}] FROM %(table) t
            WHERE %(inPage)
            EXCEPT SELECT %list[zd_key{s}] FROM zd_locked
          ), written AS (
            UPDATE %(table) AS t SET %(assignments)
            FROM zd_locked zd_own
            WHERE %row[t.{c}] = %row[zd_own.zd_key{s}] AND %(inPage)
            RETURNING 1
          ), zd_kept AS (
            INSERT INTO backfill_progress (run_id, range_no, low_key, high_key, leaf)
            SELECT $1, nextval('backfill_range_no'), %text[k.zd_key{s}], %text[k.zd_key{s}],
              %(leaf)
            FROM zd_skipped k JOIN zd_claim c ON c.zd_range < %(firstSkipped)
          ), zd_work AS MATERIALIZED (
            SELECT %list[CASE WHEN f.again THEN NULL ELSE p.zd_last{s} END AS last{s}],
              p.zd_n - f.skipped AS n,
              (SELECT count(*) FROM written) AS changed, 0::bigint AS mismatched, f.skipped,
              p.zd_n < $2::bigint AND NOT f.again AS done
            FROM zd_page p CROSS JOIN (
              SELECT count(k.zd_key%(first)) AS skipped,
                count(k.zd_key%(first)) > 0 AND min(c.zd_range) >= %(firstSkipped) AS again
              FROM zd_claim c LEFT JOIN zd_skipped k ON true) f
          )\
          """;

  /**
   * One pass that keeps no row, because nearly always none disagrees; where some do, a second pass
   * over the same keys, in the same snapshot and so over the same tuples, keeps them with their
   * keys, unless the run has found 1,000 before: before a backfill every row disagrees. Workers
   * that find their first ones at once can each keep as many. The count is exact.
   */
  private static final String COMPARE =
      """
      zd_work AS MATERIALIZED (
        SELECT %list[w.last{s}], w.n, 0::bigint AS changed, w.mismatched, 0::bigint AS skipped,
          w.n < $2::bigint AS done
        FROM zd_claim c CROSS JOIN LATERAL (
          SELECT %(last), count(*) AS n, count(*) FILTER (WHERE k.differs) AS mismatched
          FROM (
            SELECT %list[t.{c} AS key{s}], %(mismatch) AS differs FROM %(table) t
            WHERE %(inRange) AND %row[t.{c}] <= %row[c.zd_high{s}]
            ORDER BY %list[t.{c}] LIMIT $2::bigint) k) w
      ), seen AS (
        SELECT %list[x.key{s}], x.old_value, x.new_value
        FROM zd_claim c JOIN zd_work w ON w.mismatched > 0 CROSS JOIN LATERAL (
          SELECT %list[t.{c} AS key{s}], %(old) AS old_value, %(new) AS new_value
          FROM %(table) t
          WHERE %(inRange) AND %row[t.{c}] <= %row[w.last{s}]%also[t.{c} <= w.last{s}]
            AND %(mismatch)
          ORDER BY %list[t.{c}] LIMIT GREATEST(0, %(maxKept) - (SELECT sum(mismatched)
            FROM backfill_progress WHERE run_id = $1)::bigint)) x
      ), kept AS (
        %(record)
      )\
      """;

  private static final String RECORD =
      Mismatches.record(
          MismatchSource.SCAN,
          """
          SELECT r.migration, %text[x.key{s}], r.epoch, %(source), x.old_value::text,
            x.new_value::text
          FROM seen x JOIN backfill_run r ON r.id = $1
          """);

  private BatchStatement() {}

  /** Parameters: the run's id, and the rows at most. */
  static String of(KeySql key, RunKind kind) {
    return sql(key, kind, CUT_RANGES, UPDATE);
  }

  /** The same without a wait for a locked row, over ranges of one key too; at least two rows. */
  static String skippingLocked(KeySql key, RunKind kind) {
    return sql(key, kind, ANY_RANGE, UPDATE_UNLOCKED);
  }

  /** A partition that was detached or renamed is left alone: the lock comes before this look. */
  private static String ofLeaf(Migration migration, Leaf leaf) {
    return ("p.leaf = %1$d::oid AND to_regclass(%3$s) = %1$d::oid"
            + " AND to_regclass(%2$s) IN (SELECT pg_partition_ancestors(%1$d::oid))")
        .formatted(leaf.id(), SqlName.literal(migration.table()), SqlName.literal(leaf.name()));
  }

  private static String sql(KeySql key, RunKind kind, String claimed, String update) {
    Migration migration = key.migration();
    String template =
        TEMPLATE
            .replace("%(claimed)", claimed)
            .replace("%(work)", kind == RunKind.PARITY ? COMPARE : update)
            .replace("%(record)", RECORD)
            .replace("%(inPage)", IN_PAGE)
            .replace("%(inRange)", IN_RANGE);
    return key.fill(
        template,
        Map.of(
            "leaf", key.leaf().map(leaf -> leaf.id() + "::oid").orElse("NULL::oid"),
            "ofLeaf", key.leaf().map(leaf -> ofLeaf(migration, leaf)).orElse("p.leaf IS NULL"),
            "kind", kind.label(),
            "firstSkipped", String.valueOf(FIRST_SKIPPED),
            "maxSkipped", String.valueOf(MAX_SKIPPED),
            "maxKept", String.valueOf(MAX_KEPT),
            "assignments", migration.assignments(kind == RunKind.REVERSE)));
  }
}
