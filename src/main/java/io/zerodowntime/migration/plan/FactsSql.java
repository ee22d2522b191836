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

  /** The primary key, and where the numbers of the old column come from, if it is a part of it. */
  static final String KEY =
      """
      SELECT (SELECT p.conname FROM pg_constraint p
          WHERE p.conrelid = c.oid AND p.contype = 'p'
            AND p.conkey = ARRAY(SELECT k.attnum FROM unnest($2::text[]) WITH ORDINALITY n (name, n)
              JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = n.name ORDER BY n.n))
          AS primary_key,
        pg_get_expr(d.adbin, d.adrelid) AS default_value, a.attidentity <> '' AS is_identity,
        s.seqrelid::regclass::text AS sequence, format_type(s.seqtypid, NULL) AS sequence_type,
        s.seqincrement AS increment, s.seqmax AS maximum, s.seqcache AS cache
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass
        AND o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid
        AND o.refobjsubid = a.attnum AND o.deptype IN ('a', 'i')
        AND EXISTS (SELECT FROM pg_sequence WHERE seqrelid = o.objid)
      LEFT JOIN pg_sequence s ON s.seqrelid = o.objid
      WHERE c.oid = to_regclass($1) LIMIT 1
      """;

  /**
   * The foreign keys on an old column, and which of the given migrations moves the key that they
   * refer to. Those of a partition that the table has too are the table's.
   */
  static final String FOREIGN_KEYS =
      """
      SELECT f.name, f.parent::text AS parent, f.columns, f.referenced, f.actions,
        (SELECT min(m.n) - 1 FROM unnest($3::text[], $4::text[]) WITH ORDINALITY m (relation, name, n)
          WHERE to_regclass(m.relation) = f.parent AND m.name = ANY (f.referenced))::integer AS mover
      FROM (SELECT c.conname AS name, c.confrelid::regclass AS parent,
          ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.n)
            AS columns,
          ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k (num, n)
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY k.n)
            AS referenced,
          concat(CASE c.confmatchtype WHEN 'f' THEN ' MATCH FULL' END,
            CASE c.confupdtype WHEN 'r' THEN ' ON UPDATE RESTRICT'
              WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'n' THEN ' ON UPDATE SET NULL'
              WHEN 'd' THEN ' ON UPDATE SET DEFAULT' END,
            CASE c.confdeltype WHEN 'r' THEN ' ON DELETE RESTRICT'
              WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'n' THEN ' ON DELETE SET NULL'
              WHEN 'd' THEN ' ON DELETE SET DEFAULT' END,
            CASE WHEN c.condeferrable THEN ' DEFERRABLE' END,
            CASE WHEN c.condeferred THEN ' INITIALLY DEFERRED' END) AS actions
        FROM pg_constraint c
        WHERE c.conrelid = to_regclass($1) AND c.contype = 'f' AND c.conparentid = 0) f
      WHERE f.columns && $2::text[]
      ORDER BY f.name
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
