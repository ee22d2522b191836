package io.zerodowntime.migration.plan;

/** What {@link FactsReader} asks the catalog and the statistics. */
final class FactsSql {
  /** Rows as the planner counts them: the density of the last ANALYZE in the pages of today. */
  static final String TABLE =
      """
      WITH leaf AS (
        SELECT r.oid, r.reltuples, r.relpages, pg_relation_size(r.oid) AS bytes
        FROM pg_class r
        WHERE r.relkind = 'r' AND r.oid IN (SELECT to_regclass($1)::oid
          UNION SELECT relid FROM pg_partition_tree(to_regclass($1)))
      )
      SELECT c.relkind = 'p' AS partitioned,
        COALESCE((SELECT sum(CASE WHEN relpages > 0 AND reltuples >= 0
            THEN reltuples / relpages * (bytes / current_setting('block_size')::bigint)
            ELSE GREATEST(reltuples, 0) END)
          FROM leaf), 0)::bigint AS rows,
        NOT EXISTS (SELECT FROM leaf WHERE bytes > 0 AND (reltuples < 0 OR relpages = 0)) AS analyzed,
        COALESCE((SELECT sum(bytes) FROM leaf), 0)::bigint AS bytes,
        COALESCE((SELECT sum(pg_indexes_size(oid)) FROM leaf), 0)::bigint AS index_bytes,
        (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid)::integer AS indexes
      FROM pg_class c WHERE c.oid = to_regclass($1)
      """;

  static final String COLUMNS =
      """
      SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
        a.attnotnull AS not_null,
        CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation::regcollation::text END
          AS collation,
        CASE WHEN y.typlen > 0 THEN y.typlen
          ELSE (SELECT max(s.avg_width) FROM pg_stats s JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname)
          END::integer AS width
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type y ON y.oid = a.atttypid
      WHERE c.oid = to_regclass($1) AND a.attname = ANY ($2)
      """;

  /** The options of a key: 1 is DESC, 2 is NULLS FIRST. A collation of 0 is none. */
  static final String INDEXES =
      """
      SELECT x.relname AS name, pg_get_indexdef(x.oid, 0, true) AS definition,
        i.indisunique AS is_unique, pg_relation_size(x.oid) AS bytes,
        m.amname = 'btree' AND i.indpred IS NULL AND i.indnkeyatts = i.indnatts
          AND COALESCE(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
          AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) k
            JOIN pg_opclass o ON o.oid = i.indclass[k]
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
              AND a.attnum > 0
            WHERE NOT o.opcdefault OR i.indcollation[k] <> a.attcollation) AS plain,
        ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) k
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
            AND a.attnum > 0 ORDER BY k) AS columns,
        ARRAY(SELECT pg_get_indexdef(x.oid, k + 1, true)
          FROM generate_series(0, i.indnkeyatts - 1) k ORDER BY k) AS expressions,
        ARRAY(SELECT i.indcollation[k]::bigint
          FROM generate_series(0, i.indnkeyatts - 1) k ORDER BY k) AS collations,
        ARRAY(SELECT CASE i.indoption[k] WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
            WHEN 3 THEN ' DESC' ELSE '' END
          FROM generate_series(0, i.indnkeyatts - 1) k ORDER BY k) AS orders
      FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_am m ON m.oid = x.relam
      WHERE i.indrelid = to_regclass($1) AND x.relname = ANY ($2)
      """;

  /** Before the first expand the engine has no tables. */
  static final String HAS_ENGINE =
      "SELECT to_regclass('migration_state') IS NOT NULL"
          + " AND to_regclass('backfill_run') IS NOT NULL AS has";

  /** A short run tells nothing: it is over before its pace has settled. */
  static final String ENGINE =
      """
      SELECT (SELECT phase FROM migration_state WHERE name = $1)::integer AS phase,
        r.migration, r.rate
      FROM (VALUES (1)) one LEFT JOIN LATERAL (
        SELECT migration,
          (scanned / extract(epoch FROM finished_at - started_at))::bigint AS rate
        FROM backfill_run
        WHERE kind = 'forward' AND whole_table AND state = 'complete'
          AND finished_at > started_at + interval '5 s' AND scanned > 0
        ORDER BY migration = $1 DESC, id DESC LIMIT 1) r ON true
      """;

  /** How the server writes an expression of the definition, as the key of an index. */
  static final String PROBE_TABLE = "CREATE TEMPORARY TABLE zd_plan (LIKE %s)";

  static final String PROBE_INDEX = "CREATE INDEX zd_plan_%d ON zd_plan ((%s))";

  static final String PROBE_KEYS =
      """
      SELECT x.relname AS name, pg_get_indexdef(x.oid, 1, true) AS expression,
        i.indcollation[0]::bigint AS collation
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = 'pg_temp.zd_plan'::regclass
      """;

  private FactsSql() {}
}
