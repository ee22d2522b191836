package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets PostgreSQL judge a definition, in a transaction that the caller rolls back: the expressions
 * become generated columns of an empty temporary table like the real one, which takes immutable
 * expressions of a fitting type only. Then real rows go through all of them.
 */
final class DefinitionProbe {
  /** Reasons that are told, and keys of each. */
  private static final int SHOWN = 5;

  /** Also of a statement timeout. */
  private static final String QUERY_CANCELED = "57014";

  private final SqlConnection transaction;
  private final Migration migration;
  private final List<Migration> rivals;

  /** Of the columns, by their names, as they become known. */
  private final Map<String, String> types = new HashMap<>();

  private DefinitionProbe(SqlConnection transaction, Migration migration, List<Migration> rivals) {
    this.transaction = transaction;
    this.migration = migration;
    this.rivals = rivals;
  }

  /**
   * Judges; the transaction is to be rolled back, and is failed where a flaw was found.
   *
   * @param rivals migrations that name the same columns, and must be of other tables
   */
  static Uni<Result> judge(SqlConnection transaction, Migration migration, List<Migration> rivals) {
    return new DefinitionProbe(transaction, migration, rivals).judge();
  }

  private Uni<Result> judge() {
    return transaction
        .preparedQuery(DefinitionSql.FACTS)
        .execute(
            Tuple.of(
                migration.table(),
                migration.oldNames().toArray(String[]::new),
                migration.newNames().toArray(String[]::new),
                rivals.stream().map(Migration::table).toArray(String[]::new)))
        .map(rows -> rows.stream().findFirst())
        .chain(facts -> facts.map(this::judge).orElseGet(this::noTable));
  }

  private Uni<Result> noTable() {
    String flaw = "table %s does not exist".formatted(migration.table());
    return Uni.createFrom().item(new Result(List.of(flaw), 0, true, types));
  }

  private Uni<Result> judge(Row facts) {
    List<String> flaws = new ArrayList<>(List.of(facts.getArrayOfStrings("flaws")));
    if (!facts.getBoolean("owned")) {
      flaws.add("this role does not own " + migration.table());
    }
    if (!facts.getBoolean("temporary")) {
      flaws.add("this role may not create temporary tables, in which expressions are checked");
    }
    for (int rival : facts.getArrayOfIntegers("rivals")) {
      flaws.add(sameTable(rivals.get(rival - 1)));
    }
    keep(migration.oldNames(), facts.getArrayOfStrings("old_types"));
    keep(migration.newNames(), facts.getArrayOfStrings("new_types"));
    for (String column : migration.oldNames()) {
      if (!types.containsKey(column)) {
        flaws.add("column %s.%s does not exist".formatted(migration.table(), column));
      }
    }
    if (!flaws.isEmpty()) {
      return Uni.createFrom().item(new Result(flaws, 0, true, types));
    }
    return firstFlaw(checks())
        .chain(flaw -> flaw.map(this::flaw).orElseGet(() -> rows(facts.getFloat("percent"))));
  }

  private String sameTable(Migration rival) {
    return "%s is the table of %s too, and both name column %s"
        .formatted(
            migration.table(),
            rival.name(),
            migration.collision(rival).or(() -> rival.collision(migration)).orElseThrow());
  }

  private void keep(List<String> names, @Nullable String[] found) {
    for (int i = 0; i < found.length; i++) {
      String type = found[i];
      if (type != null) {
        types.put(names.get(i), type);
      }
    }
  }

  /** In the order in which they are made; each relies on what those before it have created. */
  private List<Supplier<Uni<Optional<String>>>> checks() {
    List<Supplier<Uni<Optional<String>>>> checks = new ArrayList<>();
    checks.add(
        () ->
            run(
                "the table cannot be copied",
                DefinitionSql.LIKE_IT,
                Map.of("table", migration.table())));
    for (int i = 0; i < migration.newColumns().size(); i++) {
      int n = i;
      ComputedColumn column = migration.newColumns().get(i);
      if (!types.containsKey(column.name())) {
        checks.add(() -> findType(n, column));
        checks.add(() -> add(column));
      }
    }
    checks.add(this::refusesNull);
    checks.addAll(generated("new", "zd_forward_", migration.newColumns()));
    checks.addAll(generated("old", "zd_reverse_", migration.oldColumns()));
    checks.add(
        () ->
            run(
                "new and its expression cannot be compared",
                DefinitionSql.COMPARE,
                Map.of("mismatch", migration.mismatch())));
    return checks;
  }

  /** The column does not exist: its type is stated, or that of its expression. */
  private Uni<Optional<String>> findType(int n, ComputedColumn column) {
    if (column.type().isPresent()) {
      types.put(column.name(), column.type().get());
      return Uni.createFrom().item(Optional.empty());
    }
    return run(
            place("new", column),
            DefinitionSql.TYPE,
            Map.of("n", String.valueOf(n), "expression", column.expression()))
        .call(
            flaw ->
                flaw.isPresent()
                    ? Uni.createFrom().voidItem()
                    : transaction
                        .preparedQuery(DefinitionSql.TYPE_OF)
                        .execute(Tuple.of(n))
                        .map(rows -> rows.iterator().next().getString("type"))
                        .invoke(type -> types.put(column.name(), type)));
  }

  private Uni<Optional<String>> add(ComputedColumn column) {
    return run(
        place("new", column),
        DefinitionSql.ADD_NEW,
        Map.of("column", SqlName.quote(column.name()), "type", type(column)));
  }

  /** NOT NULL of a type cannot be left out, as that of a column can, by the writers of a phase. */
  private Uni<Optional<String>> refusesNull() {
    return transaction
        .preparedQuery(DefinitionSql.NEVER_NULL)
        .execute(Tuple.of(migration.moved().toArray(String[]::new)))
        .map(
            rows ->
                rows.stream()
                    .findFirst()
                    .map(
                        row ->
                            "%s has the type %s, which never accepts NULL: some phase leaves the"
                                    .formatted(row.getString("name"), row.getString("type"))
                                + " column out; give it a type without NOT NULL"));
  }

  private List<Supplier<Uni<Optional<String>>>> generated(
      String role, String prefix, List<ComputedColumn> columns) {
    List<Supplier<Uni<Optional<String>>>> checks = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      ComputedColumn column = columns.get(i);
      String name = prefix + i;
      checks.add(
          () ->
              run(
                  place(role, column),
                  DefinitionSql.GENERATE,
                  Map.of(
                      "generated", name,
                      "type", type(column),
                      "expression", column.expression())));
    }
    return checks;
  }

  private String type(ComputedColumn column) {
    return Objects.requireNonNull(types.get(column.name()), column.name());
  }

  /** Where in the definition a column stands. */
  static String place(String role, ComputedColumn column) {
    return role + "." + column.name();
  }

  private static Uni<Optional<String>> firstFlaw(List<Supplier<Uni<Optional<String>>>> checks) {
    Uni<Optional<String>> found = Uni.createFrom().item(Optional.empty());
    for (Supplier<Uni<Optional<String>>> check : checks) {
      found = found.chain(flaw -> flaw.isPresent() ? Uni.createFrom().item(flaw) : check.get());
    }
    return found;
  }

  private Uni<Result> rows(float percent) {
    return DefinitionReads.flaws(transaction, migration)
        .chain(
            flaws ->
                flaws.isEmpty()
                    ? sample(percent)
                    : Uni.createFrom().item(new Result(flaws, 0, false, types)));
  }

  private Uni<Result> sample(float percent) {
    return refusal("a sample of the rows", DefinitionSample.sql(migration, types, percent))
        .chain(
            flaw ->
                flaw.isPresent()
                    ? flaw(flaw.get())
                    : transaction
                        .preparedQuery(DefinitionSample.FOUND)
                        .execute(Tuple.of(SHOWN))
                        .map(rows -> rows.iterator().next())
                        .map(
                            row ->
                                new Result(
                                    List.of(row.getArrayOfStrings("flaws")),
                                    row.getInteger("looked"),
                                    false,
                                    types)));
  }

  private Uni<Optional<String>> run(String what, String template, Map<String, String> values) {
    return refusal(what, DefinitionSql.fill(template, values));
  }

  /**
   * Runs a statement; what PostgreSQL refuses is the flaw, in its own words. A prepared statement
   * is one statement: an expression with a semicolon cannot add another.
   */
  private Uni<Optional<String>> refusal(String what, String sql) {
    return transaction
        .preparedQuery(sql)
        .execute()
        .map(done -> Optional.<String>empty())
        .onFailure(DefinitionProbe::isRefusal)
        .recoverWithItem(
            failure ->
                Optional.of("%s: %s".formatted(what, ((PgException) failure).getErrorMessage())));
  }

  /** A lock timeout, a statement timeout or a server that stops says nothing of the definition. */
  private static boolean isRefusal(Throwable failure) {
    return failure instanceof PgException refused
        && FailureKind.of(refused) != FailureKind.NOT_DONE
        && !QUERY_CANCELED.equals(refused.getSqlState());
  }

  private Uni<Result> flaw(String flaw) {
    return Uni.createFrom().item(new Result(List.of(flaw), 0, false, types));
  }

  /**
   * What was found.
   *
   * @param flaws why the definition is not safe; empty if it is
   * @param rows rows of the sample that went through the expressions
   * @param byCatalog a look into the catalog was enough: it costs nothing to ask again
   * @param types of the columns, by their names, as far as they became known
   */
  record Result(List<String> flaws, int rows, boolean byCatalog, Map<String, String> types) {}
}
