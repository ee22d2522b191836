package io.zerodowntime.migration.gate;

import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The statements of {@link DefinitionProbe}, in the order in which they are sent; {@link
 * DefinitionSample} comes last.
 */
final class DefinitionSql {
  /** Pages that are read for a sample. */
  private static final int PAGES = 100;

  /** A column of a partition key, also of an expression in it, depends on its own table. */
  static final String FACTS =
      """
      WITH named AS (
        SELECT k.role, k.name, k.n, a.attnum, format_type(a.atttypid, a.atttypmod) AS type,
          a.attgenerated <> '' AS generated, a.attidentity = 'a' AS identity,
          EXISTS (SELECT FROM (SELECT relid FROM pg_partition_tree(to_regclass($1))
              UNION SELECT relid FROM pg_partition_ancestors(to_regclass($1))) r
            JOIN pg_attribute o ON o.attrelid = r.relid
            JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.relid
              AND d.objsubid = o.attnum AND d.refclassid = 'pg_class'::regclass
              AND d.refobjid = r.relid AND d.refobjsubid = 0 AND d.deptype = 'i'
            WHERE o.attname = k.name) AS partitions
        FROM (SELECT 'old' AS role, name, n FROM unnest($2::text[]) WITH ORDINALITY AS o (name, n)
          UNION ALL SELECT 'new', name, n
          FROM unnest($3::text[]) WITH ORDINALITY AS o (name, n)) k
        LEFT JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = k.name
          AND a.attnum > 0 AND NOT a.attisdropped
      )
      SELECT pg_has_role(c.relowner, 'USAGE') AS owned,
        has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
        ARRAY(SELECT type FROM named WHERE role = 'old' ORDER BY n) AS old_types,
        ARRAY(SELECT type FROM named WHERE role = 'new' ORDER BY n) AS new_types,
        ARRAY(SELECT name || ' is a generated column' FROM named WHERE generated
          UNION ALL SELECT name || ' is GENERATED ALWAYS AS IDENTITY' FROM named WHERE identity
          UNION ALL SELECT name || ' is a part of the partition key' FROM named WHERE partitions
          UNION ALL (SELECT 'this role does not own the partition ' || r.relid::regclass
            FROM pg_partition_tree(c.oid) r JOIN pg_class o ON o.oid = r.relid
            WHERE r.relid <> c.oid AND NOT pg_has_role(o.relowner, 'USAGE')
            ORDER BY 1 LIMIT 1))
          AS flaws,
        ARRAY(SELECT n::integer FROM unnest($4::text[]) WITH ORDINALITY AS r (name, n)
          WHERE to_regclass(r.name) = c.oid ORDER BY n) AS rivals,
        LEAST(100, 100.0 * %d * current_setting('block_size')::bigint / GREATEST(1,
          (SELECT sum(pg_relation_size(r.relid)) FROM (SELECT c.oid AS relid
            UNION SELECT relid FROM pg_partition_tree(c.oid)) r)))::real
          AS percent
      FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p')
      """
          .formatted(PAGES);

  static final String LIKE_IT = "CREATE TEMPORARY TABLE zd_check (LIKE %(table))";

  static final String TYPE =
      """
      CREATE TEMPORARY TABLE zd_type_%(n) AS SELECT (%(expression)) AS zd_value
      FROM zd_check LIMIT 0
      """;

  /** Parameter: the number of the column whose expression it is. */
  static final String TYPE_OF =
      """
      SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = ('pg_temp.zd_type_' || $1::integer)::regclass AND attname = 'zd_value'
      """;

  static final String ADD_NEW = "ALTER TABLE zd_check ADD COLUMN %(column) %(type)";

  /** Columns of a domain that is NOT NULL, or of one over such a domain. */
  static final String NEVER_NULL =
      """
      WITH RECURSIVE types AS (
        SELECT a.attname AS name, a.attnum, format_type(a.atttypid, a.atttypmod) AS type,
          t.typnotnull, t.typbasetype
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = 'pg_temp.zd_check'::regclass AND a.attname = ANY ($1::text[])
          AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT o.name, o.attnum, o.type, t.typnotnull, t.typbasetype
        FROM types o JOIN pg_type t ON t.oid = o.typbasetype
      )
      SELECT name, type FROM types WHERE typnotnull ORDER BY attnum LIMIT 1
      """;

  static final String GENERATE =
      """
      ALTER TABLE zd_check ADD COLUMN %(generated) %(type)
        GENERATED ALWAYS AS (%(expression)) STORED
      """;

  static final String COMPARE = "SELECT FROM zd_check WHERE %(mismatch)";

  /** Which columns PostgreSQL found in an expression; version 14 keeps it with the column. */
  static final String READS =
      """
      SELECT g.attname AS expression, array_agg(DISTINCT c.attname::text) AS columns
      FROM pg_attrdef d
      JOIN pg_attribute g ON g.attrelid = d.adrelid AND g.attnum = d.adnum
      JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = d.adrelid
        AND p.refobjsubid NOT IN (0, d.adnum)
        AND (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
          OR p.classid = 'pg_class'::regclass AND p.objid = d.adrelid AND p.objsubid = d.adnum)
      JOIN pg_attribute c ON c.attrelid = d.adrelid AND c.attnum = p.refobjsubid
      WHERE d.adrelid = 'pg_temp.zd_check'::regclass AND g.attname ~ '^zd_(forward|reverse)_[0-9]+$'
      GROUP BY g.attname
      """;

  private static final Pattern PLACE = Pattern.compile("%\\((\\w+)\\)");

  private DefinitionSql() {}

  /** Fills a template in one pass, so that no name is taken for a place. */
  static String fill(String template, Map<String, String> values) {
    return PLACE
        .matcher(template)
        .replaceAll(
            place ->
                Matcher.quoteReplacement(
                    Objects.requireNonNull(values.get(place.group(1)), place.group(1))));
  }
}
