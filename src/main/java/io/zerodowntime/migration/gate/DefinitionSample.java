package io.zerodowntime.migration.gate;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The statement that puts rows of the table through the expressions of a definition, forward, back
 * and forward again.
 */
final class DefinitionSample {
  private static final int ROWS = 500;

  /**
   * The rows come from pages of the whole table: in the order of the pages, a limit would take
   * those of the first few, the oldest ones or of the first partition. The variables have the
   * columns' types, and take a value as an UPDATE does: one that is too long or too big is an
   * error, not cut off. The loop ends a second after its first row, so that a slow read is not a
   * sample of none.
   */
  private static final String ROWS_THROUGH =
      """
      DO $zd_check$
      #variable_conflict use_column
      DECLARE
        %(variables)
        zd_row record; zd_until timestamptz;
        zd_looked integer := 0; zd_found jsonb := '{}'; zd_reason text;
      BEGIN
        FOR zd_row IN SELECT concat_ws(', ', %(key)) AS zd_key, %(olds)
          FROM %(table) t TABLESAMPLE SYSTEM (%(percent)) ORDER BY random() LIMIT %(rows)
        LOOP
          zd_until := COALESCE(zd_until, clock_timestamp() + interval '1 s');
          EXIT WHEN clock_timestamp() > zd_until;
          zd_looked := zd_looked + 1;
          zd_reason := NULL;
          BEGIN
            %(forward)
            %(reverse)
            %(again)
            zd_reason := CASE
              WHEN %(lost) THEN 'forward makes NULL of a value'
              WHEN %(changed) THEN 'forward(reverse(y)) is not y' END;
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

  private final Migration migration;
  private final List<ComputedColumn> olds;
  private final List<ComputedColumn> news;

  private DefinitionSample(Migration migration) {
    this.migration = migration;
    this.olds = migration.oldColumns();
    this.news = migration.newColumns();
  }

  /**
   * The statement.
   *
   * @param types of all columns, by their names
   * @param percent of the table's pages that are read
   */
  static String sql(Migration migration, Map<String, String> types, float percent) {
    return new DefinitionSample(migration).sql(types, percent);
  }

  private String sql(Map<String, String> types, float percent) {
    return DefinitionSql.fill(
        ROWS_THROUGH,
        Map.ofEntries(
            Map.entry("table", migration.table()),
            Map.entry("percent", String.valueOf(percent)),
            Map.entry("rows", String.valueOf(ROWS)),
            Map.entry(
                "key",
                migration.key().stream()
                    .map(column -> "t." + SqlName.quote(column))
                    .collect(Collectors.joining(", "))),
            Map.entry("olds", each(olds, ", ", i -> "t." + name(olds, i) + " AS zd_old_" + i)),
            Map.entry(
                "variables",
                variables(news, "zd_new_", types)
                    + variables(olds, "zd_back_", types)
                    + variables(news, "zd_again_", types)),
            Map.entry("forward", computed("forward", news, "zd_new_", olds, "zd_row.zd_old_")),
            Map.entry("reverse", computed("reverse", olds, "zd_back_", news, "zd_new_")),
            Map.entry("again", computed("forward of reverse", news, "zd_again_", olds, "zd_back_")),
            Map.entry("lost", lost()),
            Map.entry(
                "changed",
                each(
                    news, " OR ", i -> "zd_again_%d IS DISTINCT FROM zd_new_%d".formatted(i, i)))));
  }

  /** A row that holds something holds nothing after the way forward. */
  private String lost() {
    return "%s AND (%s)"
        .formatted(
            each(news, " AND ", i -> "zd_new_" + i + " IS NULL"),
            each(olds, " OR ", i -> "zd_row.zd_old_" + i + " IS NOT NULL"));
  }

  private static String variables(
      List<ComputedColumn> columns, String prefix, Map<String, String> types) {
    return each(columns, " ", i -> prefix + i + " " + types.get(columns.get(i).name()) + ";");
  }

  /** Computes each of the columns from variables that stand for those of the other side. */
  private static String computed(
      String direction,
      List<ComputedColumn> columns,
      String target,
      List<ComputedColumn> others,
      String source) {
    String from = each(others, ", ", i -> source + i + " AS " + name(others, i));
    return each(
        columns,
        " ",
        i ->
            "zd_reason := %s; %s%d := (SELECT %s FROM (SELECT %s) zd);"
                .formatted(
                    SqlName.literal(fails(direction, columns, i)),
                    target,
                    i,
                    columns.get(i).expression(),
                    from));
  }

  private static String fails(String direction, List<ComputedColumn> columns, int i) {
    return direction + (columns.size() == 1 ? "" : " to " + columns.get(i).name()) + " fails: ";
  }

  private static String name(List<ComputedColumn> columns, int i) {
    return SqlName.quote(columns.get(i).name());
  }

  private static String each(
      List<ComputedColumn> columns, String between, IntFunction<String> part) {
    return IntStream.range(0, columns.size()).mapToObj(part).collect(Collectors.joining(between));
  }
}
