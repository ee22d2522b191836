package io.zerodowntime.scenario;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.SqlName;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What the writers of one table send: a variant of each statement for each phase of each of the
 * table's migrations. A variant names only columns that exist in its phases, and does nothing when
 * one of the migrations is in another phase. New values are parameters; old ones are computed from
 * them by the definitions' own expressions. A key that moves is a number of the database's: phases
 * 0 and 3 leave it to the default of their own column, phases 1 and 2 take one number for both.
 *
 * @param migrations of this table, one or several
 * @param types of the table's columns as SQL reads them, by name
 * @param carried columns that no migration moves and that an INSERT must give
 * @param sequence that gives the numbers of a key that moves; empty if none does
 * @param fenced false for a writer that knows nothing of the migrations
 */
record FencedStatements(
    List<Migration> migrations,
    Map<String, String> types,
    List<String> carried,
    String sequence,
    boolean fenced) {

  private static final String INSERT =
      """
      INSERT INTO %s (%s) SELECT %s FROM (%s) AS given
      WHERE %s RETURNING %s
      """;

  private static final String GIVEN = "SELECT * FROM (VALUES (%s)) AS each (%s)";

  /** Expressions stand where no other name than those of the given values can be meant. */
  private static final String UPDATE =
      """
      UPDATE %s AS target SET %s
      FROM (SELECT %s FROM (VALUES (%s)) AS given (%s)) AS computed
      WHERE %s AND %s
      """;

  private static final String READ = "SELECT %s FROM %s WHERE %s AND %s";

  private static final String FENCE =
      "(SELECT state.phase = %d AND (state.contracted_at IS NOT NULL AND %b) = %b"
          + " FROM migration_state AS state WHERE state.name = '%s')";

  /** The same of a writer that does not look at the phase. */
  FencedStatements withoutFence() {
    return new FencedStatements(migrations, types, carried, sequence, false);
  }

  String table() {
    return migrations.get(0).table();
  }

  List<String> key() {
    return migrations.get(0).key();
  }

  /** The key of the columns that are read in these phases. */
  private List<String> key(Map<String, InForce> phases) {
    return keyMover().filter(each -> phases.get(each.name()).readsNew()).isPresent()
        ? newKey().stream().map(column -> named(column, phases)).toList()
        : key();
  }

  /** What a column is called: a new one may have the name of the old one after the drop. */
  private String named(String column, Map<String, InForce> phases) {
    return migrations.stream()
        .filter(each -> phases.get(each.name()).renamed() && each.newNames().contains(column))
        .map(each -> each.oldNames().get(0))
        .findFirst()
        .orElse(column);
  }

  List<String> newKey() {
    return migrations.get(0).newKey();
  }

  Optional<Migration> keyMover() {
    return migrations.stream().filter(Migration::movesKey).findFirst();
  }

  /** The new columns of the key, as they are called after the drop. */
  List<String> keyAfterDrop() {
    return named(newKey());
  }

  /** The name of a new column after the drop. */
  String nameAfterDrop(String column) {
    return named(List.of(column)).get(0);
  }

  private List<String> named(List<String> columns) {
    Map<String, InForce> last =
        migrations.stream()
            .collect(
                Collectors.toMap(
                    Migration::name,
                    each -> new InForce(Phase.CONTRACT, each.options().restoreNames())));
    return columns.stream().map(column -> named(column, last)).toList();
  }

  /**
   * The new columns of all migrations, but for one of a key, whose values clients do not choose.
   */
  List<ComputedColumn> givenColumns() {
    return migrations.stream()
        .filter(each -> !each.movesKey())
        .flatMap(each -> each.newColumns().stream())
        .toList();
  }

  /** The new columns of all migrations, that of a key last. */
  List<ComputedColumn> newColumns() {
    return Stream.concat(
            givenColumns().stream(),
            keyMover().stream().flatMap(each -> each.newColumns().stream()))
        .toList();
  }

  private static List<String> names(List<ComputedColumn> columns) {
    return columns.stream().map(ComputedColumn::name).toList();
  }

  /** Takes the carried values and the given ones; returns the key if the phases are in force. */
  String insert(Map<String, InForce> phases) {
    List<String> given = concat(carried, names(givenColumns()));
    Map<String, String> written = written(phases);
    keyMover()
        .filter(
            each -> !(phases.get(each.name()).writesOld() && phases.get(each.name()).writesNew()))
        .ifPresent(each -> each.moved().forEach(written::remove));
    return INSERT.formatted(
        table(),
        list(concat(carried, List.copyOf(written.keySet())), each -> column(each, phases)),
        Stream.concat(carried.stream().map(SqlName::quote), written.values().stream())
            .collect(Collectors.joining(", ")),
        given(given),
        fence(phases),
        list(key(phases), FencedStatements::text));
  }

  private String given(List<String> columns) {
    String values = GIVEN.formatted(list(columns, this::parameter), list(columns, SqlName::quote));
    return keyMover()
        .map(
            each ->
                "SELECT nextval(%s) AS %s, more.* FROM (%s) AS more"
                    .formatted(
                        SqlName.literal(sequence), SqlName.quote(each.newNames().get(0)), values))
        .orElse(values);
  }

  /** Takes the key and the new values; changes one row if the phases are in force. */
  String update(Map<String, InForce> phases) {
    List<String> given = concat(key(), names(newColumns()));
    Map<String, String> written = written(phases);
    List<String> columns = List.copyOf(written.keySet());
    List<String> expressions = List.copyOf(written.values());
    String computed =
        IntStream.range(0, columns.size())
            .mapToObj(i -> "%s AS c%d".formatted(expressions.get(i), i))
            .collect(Collectors.joining(", "));
    String set =
        IntStream.range(0, columns.size())
            .mapToObj(i -> "%s = computed.c%d".formatted(column(columns.get(i), phases), i))
            .collect(Collectors.joining(", "));
    String keys =
        IntStream.range(0, key().size())
            .mapToObj(i -> "%s AS k%d".formatted(SqlName.quote(key().get(i)), i))
            .collect(Collectors.joining(", "));
    List<String> now = key(phases);
    String match =
        IntStream.range(0, now.size())
            .mapToObj(i -> "target.%s = computed.k%d".formatted(SqlName.quote(now.get(i)), i))
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
  String read(Map<String, InForce> phases) {
    String values =
        newColumns().stream()
            .map(column -> shown(column, phases))
            .collect(Collectors.joining(", "));
    String match =
        key(phases).stream()
            .map(column -> SqlName.quote(column) + " = " + parameter(column))
            .collect(Collectors.joining(" AND "));
    return READ.formatted(values, table(), match, fence(phases));
  }

  private String shown(ComputedColumn column, Map<String, InForce> phases) {
    boolean isNew =
        migrations.stream()
            .filter(each -> each.newColumns().contains(column))
            .allMatch(each -> phases.get(each.name()).readsNew());
    return isNew ? text(named(column.name(), phases)) : forward(column);
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
  private Map<String, String> written(Map<String, InForce> phases) {
    Map<String, String> all = new LinkedHashMap<>();
    for (Migration migration : migrations) {
      InForce phase = phases.get(migration.name());
      if (phase.writesOld()) {
        migration.oldColumns().forEach(column -> all.put(column.name(), column.expression()));
      }
      if (phase.writesNew()) {
        migration.newNames().forEach(column -> all.put(column, SqlName.quote(column)));
      }
    }
    return all;
  }

  private String column(String name, Map<String, InForce> phases) {
    return SqlName.quote(named(name, phases));
  }

  private String fence(Map<String, InForce> phases) {
    if (!fenced) {
      return "TRUE";
    }
    return migrations.stream()
        .map(
            each ->
                FENCE.formatted(
                    phases.get(each.name()).phase().number(),
                    each.options().restoreNames(),
                    phases.get(each.name()).renamed(),
                    each.name()))
        .collect(Collectors.joining(" AND "));
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static String list(List<String> names, UnaryOperator<String> each) {
    return names.stream().map(each).collect(Collectors.joining(", "));
  }
}
