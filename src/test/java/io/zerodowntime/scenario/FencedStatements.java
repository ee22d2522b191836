package io.zerodowntime.scenario;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.SqlName;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What the writers of one table send: a variant of each statement for each phase of each of the
 * table's migrations. A variant names only columns that exist in its phases, and does nothing when
 * one of the migrations is in another phase. New values are parameters; old ones are computed from
 * them by the definitions' own expressions.
 *
 * @param migrations of this table, one or several
 * @param types of the table's columns as SQL reads them, by name
 * @param carried columns that no migration moves and that an INSERT must give
 */
record FencedStatements(
    List<Migration> migrations, Map<String, String> types, List<String> carried) {

  private static final String INSERT =
      """
      INSERT INTO %s (%s) SELECT %s FROM (VALUES (%s)) AS given (%s)
      WHERE %s RETURNING %s
      """;

  /** Expressions stand where no other name than those of the given values can be meant. */
  private static final String UPDATE =
      """
      UPDATE %s AS target SET %s
      FROM (SELECT %s FROM (VALUES (%s)) AS given (%s)) AS computed
      WHERE %s AND %s
      """;

  private static final String READ = "SELECT %s FROM %s WHERE %s AND %s";

  private static final String FENCE =
      "(SELECT state.phase FROM migration_state AS state WHERE state.name = '%s') = %d";

  String table() {
    return migrations.get(0).table();
  }

  List<String> key() {
    return migrations.get(0).key();
  }

  /** The new columns of all migrations. */
  List<ComputedColumn> newColumns() {
    return migrations.stream().flatMap(each -> each.newColumns().stream()).toList();
  }

  private List<String> newNames() {
    return newColumns().stream().map(ComputedColumn::name).toList();
  }

  /** Takes the carried values and the new ones; returns the key if the phases are in force. */
  String insert(Map<String, Phase> phases) {
    List<String> given = concat(carried, newNames());
    Map<String, String> written = written(phases);
    return INSERT.formatted(
        table(),
        list(concat(carried, List.copyOf(written.keySet())), SqlName::quote),
        Stream.concat(carried.stream().map(SqlName::quote), written.values().stream())
            .collect(Collectors.joining(", ")),
        list(given, this::parameter),
        list(given, SqlName::quote),
        fence(phases),
        list(key(), FencedStatements::text));
  }

  /** Takes the key and the new values; changes one row if the phases are in force. */
  String update(Map<String, Phase> phases) {
    List<String> given = concat(key(), newNames());
    Map<String, String> written = written(phases);
    List<String> columns = List.copyOf(written.keySet());
    List<String> expressions = List.copyOf(written.values());
    String computed =
        IntStream.range(0, columns.size())
            .mapToObj(i -> "%s AS c%d".formatted(expressions.get(i), i))
            .collect(Collectors.joining(", "));
    String set =
        IntStream.range(0, columns.size())
            .mapToObj(i -> "%s = computed.c%d".formatted(SqlName.quote(columns.get(i)), i))
            .collect(Collectors.joining(", "));
    String keys =
        IntStream.range(0, key().size())
            .mapToObj(i -> "%s AS k%d".formatted(SqlName.quote(key().get(i)), i))
            .collect(Collectors.joining(", "));
    String match =
        IntStream.range(0, key().size())
            .mapToObj(i -> "target.%s = computed.k%d".formatted(SqlName.quote(key().get(i)), i))
            .collect(Collectors.joining(" AND "));
    return UPDATE.formatted(
        table(),
        set,
        keys + ", " + computed,
        list(given, this::parameter),
        list(given, SqlName::quote),
        match,
        fence(phases));
  }

  /**
   * Takes the key; gives the row as readers see it, in its new form, if the phases are in force.
   */
  String read(Map<String, Phase> phases) {
    String values =
        migrations.stream()
            .flatMap(each -> each.newColumns().stream().map(column -> shown(column, phases, each)))
            .collect(Collectors.joining(", "));
    String match =
        key().stream()
            .map(column -> SqlName.quote(column) + " = " + parameter(column))
            .collect(Collectors.joining(" AND "));
    return READ.formatted(values, table(), match, fence(phases));
  }

  private String shown(ComputedColumn column, Map<String, Phase> phases, Migration migration) {
    return phases.get(migration.name()).readsNew() ? text(column.name()) : forward(column);
  }

  /** SQL for a new value, as text, from the old columns. */
  String forward(ComputedColumn column) {
    return "CAST(CAST(%s AS %s) AS text)".formatted(column.expression(), types.get(column.name()));
  }

  /** SQL for a column's value as text. */
  static String text(String column) {
    return "CAST(%s AS text)".formatted(SqlName.quote(column));
  }

  private String parameter(String column) {
    return "CAST(? AS %s)".formatted(types.get(column));
  }

  /** The columns that are written in these phases, and what from. */
  private Map<String, String> written(Map<String, Phase> phases) {
    Map<String, String> all = new LinkedHashMap<>();
    for (Migration migration : migrations) {
      Phase phase = phases.get(migration.name());
      if (phase.writesOld()) {
        migration.oldColumns().forEach(column -> all.put(column.name(), column.expression()));
      }
      if (phase.writesNew()) {
        migration.newNames().forEach(column -> all.put(column, SqlName.quote(column)));
      }
    }
    return all;
  }

  private String fence(Map<String, Phase> phases) {
    return migrations.stream()
        .map(each -> FENCE.formatted(each.name(), phases.get(each.name()).number()))
        .collect(Collectors.joining(" AND "));
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static String list(List<String> names, UnaryOperator<String> each) {
    return names.stream().map(each).collect(Collectors.joining(", "));
  }
}
