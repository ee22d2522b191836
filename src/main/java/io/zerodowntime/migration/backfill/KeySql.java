package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.SqlName;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes the parts of a statement that name a migration's table, columns and key. A key is kept as
 * text: that of its one column, or an array of the texts of its columns.
 *
 * <p>A template says what to do for each column of the key: <code>%list[...]</code> gives what is
 * in the brackets once for each column, <code>%row[...]</code> the same as a value to compare, and
 * <code>%text[...]</code> as the text that is kept. <code>%also[...]</code> adds a condition on the
 * first of several columns: without it the planner takes a bound by rows for a third of the table,
 * and prunes no partition. A query that ends at a LIMIT has one for its lower bound only: with
 * both, the planner expects fewer rows than the limit, and sorts the rest of the range for each
 * page. In the brackets <code>{c}</code> is the column's name, <code>{s}</code> nothing or {@code
 * _1}, {@code _2}, and any other braces hold a text that was kept, of which the column's part is
 * read with the column's type.
 *
 * <p>Example: {@code %row[t.{c}] > %row[{p.low_key}]} is {@code t.id > p.low_key::bigint} for a key
 * of one column, and {@code (t.day, t.id) > ((p.low_key::text[])[1]::date,
 * (p.low_key::text[])[2]::bigint)} for one of two.
 *
 * @param names the key's columns: the migration's key, or the one of its new side
 * @param columns the same, as statements read them
 * @param leaf the partition that statements read and write; empty for the table itself
 */
record KeySql(Migration migration, List<String> names, List<Column> columns, Optional<Leaf> leaf) {
  private static final String COLUMNS =
      """
      SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
        y.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AS is_integer,
        y.typcategory = 'A' AS is_array,
        NOT a.attnotnull OR EXISTS (SELECT FROM pg_constraint u
          WHERE u.conrelid = a.attrelid AND u.contype = 'n' AND u.conkey[1] = a.attnum
            AND NOT u.convalidated) AS is_nullable
      FROM unnest($2::text[]) WITH ORDINALITY AS k (name, n)
      JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = k.name
        AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type y ON y.oid = a.atttypid
      ORDER BY k.n
      """;

  /** Characters of each of several columns of a mismatch that are kept. */
  private static final int MAX_VALUE = 1000;

  private static final Pattern PLACE =
      Pattern.compile("%(list|row|text|also)\\[([^\\]]*)\\]|%\\((\\w+)\\)");

  private static final Pattern BRACES = Pattern.compile("\\{([^}]*)\\}");

  /** Reads the types of the key's columns; fails with {@link Refused} if one does not exist. */
  static Uni<KeySql> of(SqlClient client, Migration migration, List<String> names) {
    return client
        .preparedQuery(COLUMNS)
        .execute(Tuple.of(migration.table(), names.toArray(String[]::new)))
        .map(rows -> rows.stream().map(KeySql::column).toList())
        .map(
            columns -> {
              if (columns.size() != names.size()) {
                throw new Refused(
                    "the key %s of %s does not exist".formatted(names, migration.table()));
              }
              return new KeySql(migration, names, columns, Optional.empty());
            });
  }

  /** The key that a run began with; the catalog may hold another one by now. */
  static Uni<KeySql> of(SqlClient client, Migration migration, Run run) {
    return of(client, migration, run.key(migration));
  }

  /** For templates that read no key that was kept as text. */
  static KeySql untyped(Migration migration, List<String> names) {
    return new KeySql(
        migration,
        names,
        names.stream()
            .map(name -> new Column(SqlName.quote(name), "", false, false, true))
            .toList(),
        Optional.empty());
  }

  /** The same key in one partition: statements name it in place of the table. */
  KeySql in(Leaf partition) {
    return new KeySql(migration, names, columns, Optional.of(partition));
  }

  /** The table or the partition, as SQL reads it. */
  String table() {
    return leaf.map(Leaf::name).orElseGet(migration::table);
  }

  private static Column column(Row row) {
    return new Column(
        SqlName.quote(row.getString("name")),
        row.getString("type"),
        row.getBoolean("is_integer"),
        row.getBoolean("is_array"),
        row.getBoolean("is_nullable"));
  }

  /** Whether it is the key of the new side, where that is another one. */
  boolean isNew() {
    return !names.equals(migration.key());
  }

  /** One integer column: its values can be cut evenly. */
  boolean integer() {
    return single() && columns.get(0).integer();
  }

  private boolean single() {
    return columns.size() == 1;
  }

  /**
   * Fills a template in one pass, so that no name is taken for a place.
   *
   * @param values the places in parentheses that a statement adds
   */
  String fill(String template, Map<String, String> values) {
    return PLACE.matcher(template).replaceAll(place -> Matcher.quoteReplacement(at(place, values)));
  }

  String fill(String template) {
    return fill(template, Map.of());
  }

  private String at(MatchResult place, Map<String, String> values) {
    String of = place.group(2);
    if (place.group(1) == null) {
      return named(place.group(3), values);
    }
    return switch (place.group(1)) {
      case "list" -> list(i -> part(of, i));
      case "also" -> single() ? "" : " AND " + part(of, 0);
      case "row" -> single() ? part(of, 0) : "(" + list(i -> part(of, i)) + ")";
      default -> text(of);
    };
  }

  private String named(String name, Map<String, String> values) {
    return switch (name) {
      case "table" -> table();
      case "old" -> values(migration.oldNames());
      case "new" -> values(migration.newNames());
      case "mismatch" -> migration.mismatch();
      case "last" -> list(i -> columns.get(i).last(suffix(i)) + " AS last" + suffix(i));
      case "first" -> suffix(0);
      case "withoutKey" -> withoutKey();
      default -> Objects.requireNonNull(values.get(name), name);
    };
  }

  /** Before PostgreSQL 17 the planner reads the whole table for a column that is NOT NULL too. */
  private String withoutKey() {
    return columns.stream()
        .filter(Column::nullable)
        .map(c -> "t." + c.name() + " IS NULL")
        .reduce((some, more) -> some + " OR " + more)
        .orElse("false");
  }

  /** What columns of {@code t} hold, to be kept as text: of several, an object by their names. */
  private static String values(List<String> names) {
    return names.size() == 1
        ? "t." + SqlName.quote(names.get(0))
        : names.stream()
            .map(
                name ->
                    "%s, left(t.%s::text, %d)"
                        .formatted(SqlName.literal(name), SqlName.quote(name), MAX_VALUE))
            .collect(Collectors.joining(", ", "jsonb_build_object(", ")"));
  }

  /** Without a row there is no key: an array of NULLs would be one. */
  private String text(String of) {
    return single()
        ? part(of, 0) + "::text"
        : "CASE WHEN %s IS NOT NULL THEN ARRAY[%s]::text END"
            .formatted(part(of, 0), list(i -> part(of, i) + "::text"));
  }

  private String list(Function<Integer, String> part) {
    return IntStream.range(0, columns.size())
        .mapToObj(part::apply)
        .collect(Collectors.joining(", "));
  }

  private String part(String of, int i) {
    return BRACES
        .matcher(of)
        .replaceAll(
            braces ->
                Matcher.quoteReplacement(
                    switch (braces.group(1)) {
                      case "c" -> columns.get(i).name();
                      case "s" -> suffix(i);
                      default -> kept(braces.group(1), i);
                    }));
  }

  private String kept(String text, int i) {
    return (single() ? text : "(%s::text[])[%d]".formatted(text, i + 1))
        + "::"
        + columns.get(i).type();
  }

  private String suffix(int i) {
    return single() ? "" : "_" + (i + 1);
  }

  /**
   * A column of the key.
   *
   * @param name as SQL reads it
   * @param type with its length, as a cast reads it
   * @param nullable whether a row may hold NULL, also as a NOT NULL was never validated
   */
  record Column(String name, String type, boolean integer, boolean array, boolean nullable) {

    /**
     * The last of the values {@code k.key}, which come in the key's order. Not every type has
     * max(), and array_agg() of arrays is one of more dimensions.
     */
    String last(String suffix) {
      if (integer && suffix.isEmpty()) {
        return "max(k.key)";
      }
      return array
          ? "(array_agg(k.key%s::text))[count(*)]::%s".formatted(suffix, type)
          : "(array_agg(k.key%s))[count(*)]".formatted(suffix);
    }
  }
}
