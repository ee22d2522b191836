package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunKind;
import java.util.Set;

/**
 * The one statement of a batch: it claims a range that nobody holds, handles the next rows of it,
 * and moves the range's cursor, all in one transaction and one round trip.
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
 */
final class BatchStatement {
  private static final String TEMPLATE =
      """
      WITH zd_claim AS (
        SELECT p.range_no AS zd_range, p.low_key::%(keyType) AS zd_low, p.after_key::%(keyType) AS zd_after,
          p.high_key::%(keyType) AS zd_high
        FROM backfill_progress p
        JOIN backfill_run r ON r.id = p.run_id AND r.state = 'running'
        JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
        WHERE p.run_id = $1 AND NOT p.done
        ORDER BY p.range_no LIMIT 1 FOR UPDATE OF p SKIP LOCKED
      ), %(work), moved AS (
        UPDATE backfill_progress b
        SET after_key = COALESCE(w.last::text, b.after_key), scanned = b.scanned + w.n,
          changed = b.changed + w.changed, mismatched = b.mismatched + w.mismatched,
          batches = b.batches + 1, done = w.n < $2::bigint, updated_at = now()
        FROM zd_claim c, zd_work w
        WHERE b.run_id = $1 AND b.range_no = c.zd_range
        RETURNING w.n, w.changed, w.mismatched
      )
      SELECT m.n, m.changed, m.mismatched, r.batch_size, r.delay_ms,
        r.target_load::float8 AS target_load,
        r.state = 'running' AND s.epoch = r.epoch AS working,
        EXISTS (SELECT FROM backfill_progress WHERE run_id = $1 AND NOT done) AS unfinished
      FROM backfill_run r JOIN migration_state s ON s.name = r.migration
      LEFT JOIN moved m ON true
      WHERE r.id = $1 AND set_config('synchronous_commit', 'off', true) = 'off'
      """;

  private static final String IN_RANGE =
      "t.%(key) >= COALESCE(c.zd_after, c.zd_low) AND t.%(key) IS DISTINCT FROM c.zd_after";

  /** The bounds are subqueries, not a join: that would carry copies of both CTEs with every row. */
  private static final String UPDATE =
      """
      zd_page AS MATERIALIZED (
        SELECT w.last AS zd_last, w.n AS zd_n
        FROM zd_claim c CROSS JOIN LATERAL (
          SELECT %(last) AS last, count(*) AS n
          FROM (
            SELECT t.%(key) AS key FROM %(table) t
            WHERE %(inRange) AND t.%(key) <= c.zd_high
            ORDER BY t.%(key) LIMIT $2::bigint) k) w
      ), written AS (
        UPDATE %(table) AS t SET %(target) = %(expression)
        WHERE t.%(key) >= (SELECT COALESCE(zd_after, zd_low) FROM zd_claim)
          AND t.%(key) IS DISTINCT FROM (SELECT zd_after FROM zd_claim)
          AND t.%(key) <= (SELECT zd_last FROM zd_page) AND %(mismatch)
        RETURNING 1
      ), zd_work AS MATERIALIZED (
        SELECT p.zd_last AS last, p.zd_n AS n, (SELECT count(*) FROM written) AS changed,
          0::bigint AS mismatched
        FROM zd_page p
      )""";

  /**
   * One pass that keeps no row, because nearly always none disagrees; where some do, a second pass
   * over the same keys, in the same snapshot and so over the same tuples, keeps them with their
   * keys: at most 1,000 a batch, the count is exact.
   */
  private static final String COMPARE =
      """
      zd_work AS MATERIALIZED (
        SELECT w.last, w.n, 0::bigint AS changed, w.mismatched
        FROM zd_claim c CROSS JOIN LATERAL (
          SELECT %(last) AS last, count(*) AS n, count(*) FILTER (WHERE k.differs) AS mismatched
          FROM (
            SELECT t.%(key) AS key, %(mismatch) AS differs FROM %(table) t
            WHERE %(inRange) AND t.%(key) <= c.zd_high
            ORDER BY t.%(key) LIMIT $2::bigint) k) w
      ), seen AS (
        SELECT x.key, x.old_value, x.new_value
        FROM zd_claim c JOIN zd_work w ON w.mismatched > 0 CROSS JOIN LATERAL (
          SELECT t.%(key) AS key, t.%(old) AS old_value, t.%(new) AS new_value FROM %(table) t
          WHERE %(inRange) AND t.%(key) <= w.last AND %(mismatch)
          ORDER BY t.%(key) LIMIT 1000) x
      ), kept AS (
        INSERT INTO parity_mismatch (migration, key, epoch, source, old_value, new_value)
        SELECT r.migration, x.key::text, r.epoch, 'scan', x.old_value::text, x.new_value::text
        FROM seen x JOIN backfill_run r ON r.id = $1
        ON CONFLICT (migration, key) DO UPDATE
        SET epoch = excluded.epoch, source = excluded.source, old_value = excluded.old_value,
          new_value = excluded.new_value, found_at = now(), repaired_at = NULL
      )""";

  /** Not every type with an order has max(): uuid has none. */
  private static final Set<String> INTEGERS = Set.of("smallint", "integer", "bigint");

  private BatchStatement() {}

  /** Parameters: the run's id, and the rows at most. */
  static String of(Migration migration, RunKind kind) {
    String work =
        switch (kind) {
          case FORWARD -> update(migration.newColumn(), migration.forward());
          case REVERSE -> update(migration.oldColumn(), migration.reverse());
          case PARITY -> COMPARE;
        };
    return TEMPLATE
        .replace("%(work)", work)
        .replace("%(inRange)", IN_RANGE)
        .replace("%(last)", last(migration.keyType()))
        .replace("%(mismatch)", migration.mismatch())
        .replace("%(keyType)", migration.keyType())
        .replace("%(key)", migration.key())
        .replace("%(table)", migration.table())
        .replace("%(old)", migration.oldColumn())
        .replace("%(new)", migration.newColumn());
  }

  private static String update(String target, String expression) {
    return UPDATE.replace("%(target)", target).replace("%(expression)", expression);
  }

  private static String last(String keyType) {
    return INTEGERS.contains(keyType) ? "max(k.key)" : "(array_agg(k.key))[count(*)]";
  }
}
