package io.zerodowntime.migration.gate;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The statements of {@link DefinitionProbe}, in the order in which they are sent. */
final class DefinitionSql {
  /** Rows of the sample at most, and pages that are read for it. */
  private static final int ROWS = 500;

  private static final int PAGES = 100;

  /** A column of a partition key, also of an expression in it, depends on its own table. */
  static final String FACTS =
      """
      WITH named AS (
        SELECT k.role, k.name, a.attnum, format_type(a.atttypid, a.atttypmod) AS type,
          a.attgenerated <> '' AS generated, a.attidentity = 'a' AS identity,
          EXISTS (SELECT FROM (SELECT relid FROM pg_partition_tree(to_regclass($1))
              UNION SELECT relid FROM pg_partition_ancestors(to_regclass($1))) r
            JOIN pg_attribute o ON o.attrelid = r.relid
            JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.relid
              AND d.objsubid = o.attnum AND d.refclassid = 'pg_class'::regclass
              AND d.refobjid = r.relid AND d.refobjsubid = 0 AND d.deptype = 'i'
            WHERE o.attname = k.name) AS partitions
        FROM (VALUES ('old', $2::text), ('new', $3::text)) AS k (role, name)
        LEFT JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = k.name
          AND a.attnum > 0 AND NOT a.attisdropped
      )
      SELECT pg_has_role(c.relowner, 'USAGE') AS owned,
        has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
        (SELECT type FROM named WHERE role = 'old') AS old_type,
        (SELECT type FROM named WHERE role = 'new') AS new_type,
        ARRAY(SELECT name || ' is a generated column' FROM named WHERE generated
          UNION ALL SELECT name || ' is GENERATED ALWAYS AS IDENTITY' FROM named WHERE identity
          UNION ALL SELECT name || ' is a part of the partition key' FROM named WHERE partitions)
          AS flaws,
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
      CREATE TEMPORARY TABLE zd_type AS SELECT (%(forward)) AS zd_forward FROM zd_check LIMIT 0
      """;

  static final String TYPE_OF =
      """
      SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = 'pg_temp.zd_type'::regclass AND attname = 'zd_forward'
      """;

  static final String ADD_NEW = "ALTER TABLE zd_check ADD COLUMN %(new) %(newType)";

  static final String FORWARD =
      """
      ALTER TABLE zd_check ADD COLUMN zd_forward %(newType) GENERATED ALWAYS AS (%(forward)) STORED
      """;

  static final String REVERSE =
      """
      ALTER TABLE zd_check ADD COLUMN zd_reverse %(oldType) GENERATED ALWAYS AS (%(reverse)) STORED
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
      WHERE d.adrelid = 'pg_temp.zd_check'::regclass AND g.attname IN ('zd_forward', 'zd_reverse')
      GROUP BY g.attname
      """;

  /**
   * The rows come from pages of the whole table: in the order of the pages, a limit would take
   * those of the first few, the oldest ones or of the first partition. The variables have the
   * columns' types, and take a value as an UPDATE does: one that is too long or too big is an
   * error, not cut off. The loop ends a second after its first row, so that a slow read is not a
   * sample of none.
   */
  static final String SAMPLE =
      """
      DO $zd_check$
      #variable_conflict use_column
      DECLARE
        zd_row record; zd_new %(newType); zd_back %(oldType); zd_again %(newType);
        zd_until timestamptz;
        zd_looked integer := 0; zd_found jsonb := '{}'; zd_reason text;
      BEGIN
        FOR zd_row IN SELECT concat_ws(', ', %(key)) AS zd_key, t.%(old) AS zd_old
          FROM %(table) t TABLESAMPLE SYSTEM (%(percent)) ORDER BY random() LIMIT %(rows)
        LOOP
          zd_until := COALESCE(zd_until, clock_timestamp() + interval '1 s');
          EXIT WHEN clock_timestamp() > zd_until;
          zd_looked := zd_looked + 1;
          zd_reason := NULL;
          BEGIN
            zd_reason := 'forward fails: ';
            SELECT %(forward) INTO zd_new FROM (SELECT zd_row.zd_old AS %(old)) zd;
            zd_reason := 'reverse fails: ';
            SELECT %(reverse) INTO zd_back FROM (SELECT zd_new AS %(new)) zd;
            zd_reason := 'forward of reverse fails: ';
            SELECT %(forward) INTO zd_again FROM (SELECT zd_back AS %(old)) zd;
            zd_reason := CASE
              WHEN zd_new IS NULL AND zd_row.zd_old IS NOT NULL
              THEN 'forward makes NULL of a value'
              WHEN zd_again IS DISTINCT FROM zd_new
              THEN 'forward(reverse(y)) is not y' END;
          EXCEPTION WHEN OTHERS THEN
            zd_reason := zd_reason || SQLERRM;
          END;
          IF zd_reason IS NOT NULL THEN
            zd_found := jsonb_set(zd_found, ARRAY[zd_reason],
              COALESCE(zd_found -> zd_reason, '[]') || to_jsonb(zd_row.zd_key));
          END IF;
        END LOOP;
        PERFORM set_config('zerodowntime.looked', zd_looked::text, true),
          set_config('zerodowntime.found', zd_found::text, true);
      END $zd_check$
      """;

  /** Parameter: how many reasons are told, and how many keys of each; a reason may hold a value. */
  static final String FOUND =
      """
      WITH found AS (
        SELECT f.key AS reason, f.value AS keys, jsonb_array_length(f.value) AS rows
        FROM jsonb_each(current_setting('zerodowntime.found')::jsonb) f
      )
      SELECT current_setting('zerodowntime.looked')::integer AS looked,
        ARRAY(SELECT format('%s, for %s rows of the sample, keys: %s', f.reason, f.rows,
            (SELECT string_agg(k, '; ') FROM (SELECT k FROM jsonb_array_elements_text(f.keys) k
              ORDER BY length(k), k LIMIT $1::integer) few))
          FROM found f ORDER BY f.rows DESC, f.reason LIMIT $1::integer)
        || ARRAY(SELECT format('%s more reasons', count(*) - $1::integer)
          FROM found HAVING count(*) > $1::integer) AS flaws
      """;

  private static final Pattern PLACE = Pattern.compile("%\\((\\w+)\\)");

  private DefinitionSql() {}

  /**
   * A statement about one definition; filled in one pass, so that no name is taken for a place.
   *
   * @param values {@code oldType}, {@code percent}, and {@code newType} once it is known
   */
  static String fill(String template, Migration migration, Map<String, String> values) {
    return PLACE
        .matcher(template)
        .replaceAll(place -> Matcher.quoteReplacement(named(place.group(1), migration, values)));
  }

  private static String named(String name, Migration migration, Map<String, String> values) {
    return switch (name) {
      case "table" -> migration.table();
      case "old" -> SqlName.quote(migration.oldColumn());
      case "new" -> SqlName.quote(migration.newColumn());
      case "forward" -> migration.forward();
      case "reverse" -> migration.reverse();
      case "mismatch" -> migration.mismatch();
      case "rows" -> String.valueOf(ROWS);
      case "key" ->
          migration.key().stream()
              .map(column -> "t." + SqlName.quote(column))
              .collect(Collectors.joining(", "));
      default -> String.valueOf(values.get(name));
    };
  }
}
