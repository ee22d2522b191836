package io.zerodowntime.migration;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Turns names as a definition writes them into names as SQL reads them, by the rules of
 * PostgreSQL's {@code quote_ident}. The one place that quotes.
 */
public final class SqlName {
  /** Longer names are cut off by the server: the first 63 bytes could name something else. */
  private static final int MAX_BYTES = 63;

  private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]*");

  /** What {@code pg_get_keywords()} of PostgreSQL 14 to 18 lists as more than unreserved. */
  private static final Set<String> KEYWORDS =
      Set.of(
          """
          all analyse analyze and any array as asc asymmetric authorization between bigint
          binary bit boolean both case cast char character check coalesce collate
          collation column concurrently constraint create cross current_catalog
          current_date current_role current_schema current_time current_timestamp
          current_user dec decimal default deferrable desc distinct do else end except
          exists extract false fetch float for foreign freeze from full grant greatest
          group grouping having ilike in initially inner inout int integer intersect
          interval into is isnull join json json_array json_arrayagg json_exists
          json_object json_objectagg json_query json_scalar json_serialize json_table
          json_value lateral leading least left like limit localtime localtimestamp
          merge_action national natural nchar none normalize not notnull null nullif
          numeric offset on only or order out outer overlaps overlay placing position
          precision primary real references returning right row select session_user setof
          similar smallint some substring symmetric system_user table tablesample then
          time timestamp to trailing treat trim true union unique user using values
          varchar variadic verbose when where window with xmlattributes xmlconcat
          xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
          xmltable
          """
              .split("\\s+"));

  private SqlName() {}

  /**
   * The name as SQL reads it, in quotes where it needs them.
   *
   * @throws IllegalArgumentException if no object of PostgreSQL can have this name
   */
  public static String quote(String name) {
    require(!name.isEmpty(), "a name must not be empty");
    require(name.indexOf(0) < 0, "a name must not hold the character NUL");
    require(
        name.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES,
        "the name %s is longer than %d bytes".formatted(name, MAX_BYTES));
    return PLAIN.matcher(name).matches() && !KEYWORDS.contains(name)
        ? name
        : '"' + name.replace("\"", "\"\"") + '"';
  }

  /** A text as SQL reads it, whatever {@code standard_conforming_strings} says. */
  public static String literal(String text) {
    String quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'";
    return text.indexOf('\\') < 0 ? quoted : "E" + quoted;
  }

  /**
   * The name of a table as SQL reads it.
   *
   * @param text {@code orders}, {@code public.orders}, or with quotes around a part that holds a
   *     dot or a quote: {@code "My.Schema"."Order"}; a part keeps its case with and without quotes
   * @throws IllegalArgumentException if it is not one name, or two with a dot between
   */
  public static String table(String text) {
    List<String> parts = parts(text);
    require(parts.size() <= 2, "%s is not a table, or schema.table".formatted(text));
    return parts.stream().map(SqlName::quote).collect(Collectors.joining("."));
  }

  /** The name of another object in the schema of a table, both as SQL reads them. */
  public static String beside(String table, String name) {
    List<String> parts = parts(table);
    return parts.size() == 1 ? quote(name) : quote(parts.get(0)) + "." + quote(name);
  }

  /** The name of a table without its schema and without quotes, as the catalog has it. */
  public static String withoutSchema(String table) {
    List<String> parts = parts(table);
    return parts.get(parts.size() - 1);
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    int at = 0;
    while (at <= text.length()) {
      if (at < text.length() && text.charAt(at) == '"' && part.isEmpty()) {
        at = quoted(text, at, part);
        require(
            at == text.length() || text.charAt(at) == '.',
            "%s: a dot must follow the closing quote".formatted(text));
      } else if (at < text.length() && text.charAt(at) != '.') {
        part.append(text.charAt(at++));
        continue;
      }
      parts.add(part.toString());
      part.setLength(0);
      at++;
    }
    return parts;
  }

  /** Reads from the opening quote and gives the position behind the closing one. */
  private static int quoted(String text, int opening, StringBuilder part) {
    int at = opening + 1;
    while (at < text.length()) {
      if (text.charAt(at) != '"') {
        part.append(text.charAt(at++));
      } else if (at + 1 < text.length() && text.charAt(at + 1) == '"') {
        part.append('"');
        at += 2;
      } else {
        return at + 1;
      }
    }
    throw new IllegalArgumentException(text + ": a quote is not closed");
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
