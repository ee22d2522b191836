package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.migration.Migration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Lets PostgreSQL judge a definition, in a transaction that the caller rolls back: both expressions
 * become generated columns of an empty temporary table like the real one, which takes immutable
 * expressions of a fitting type only. Then real rows go through both of them.
 */
final class DefinitionProbe {
  /** Reasons that are told, and keys of each. */
  private static final int SHOWN = 5;

  /** Also of a statement timeout. */
  private static final String QUERY_CANCELED = "57014";

  private final SqlConnection transaction;
  private final Migration migration;

  private DefinitionProbe(SqlConnection transaction, Migration migration) {
    this.transaction = transaction;
    this.migration = migration;
  }

  /** Judges; the transaction is to be rolled back, and is failed where a flaw was found. */
  static Uni<Result> judge(SqlConnection transaction, Migration migration) {
    return new DefinitionProbe(transaction, migration).judge();
  }

  private Uni<Result> judge() {
    return transaction
        .preparedQuery(DefinitionSql.FACTS)
        .execute(Tuple.of(migration.table(), migration.oldColumn(), migration.newColumn()))
        .map(rows -> rows.stream().findFirst())
        .chain(facts -> facts.map(this::judge).orElseGet(this::noTable));
  }

  private Uni<Result> noTable() {
    String flaw = "table %s does not exist".formatted(migration.table());
    return Uni.createFrom().item(new Result(List.of(flaw), 0, true));
  }

  private Uni<Result> judge(Row facts) {
    List<String> flaws = new ArrayList<>(List.of(facts.getArrayOfStrings("flaws")));
    if (!facts.getBoolean("owned")) {
      flaws.add("this role does not own " + migration.table());
    }
    if (!facts.getBoolean("temporary")) {
      flaws.add("this role may not create temporary tables, in which expressions are checked");
    }
    Optional<String> oldType = Optional.ofNullable(facts.getString("old_type"));
    if (oldType.isEmpty()) {
      flaws.add("column %s.%s does not exist".formatted(migration.table(), migration.oldColumn()));
    }
    if (!flaws.isEmpty()) {
      return Uni.createFrom().item(new Result(flaws, 0, true));
    }
    Optional<String> newType = Optional.ofNullable(facts.getString("new_type"));
    Map<String, String> values =
        Map.of("oldType", oldType.get(), "percent", String.valueOf(facts.getFloat("percent")));
    return run("the table cannot be copied", DefinitionSql.LIKE_IT, values)
        .chain(
            flaw ->
                flaw.isPresent()
                    ? flaw(flaw.get())
                    : newType
                        .or(() -> migration.options().newType())
                        .map(type -> columns(newType.isPresent(), with(values, type)))
                        .orElseGet(() -> typed(values)));
  }

  private static Map<String, String> with(Map<String, String> values, String newType) {
    return Map.of(
        "oldType", values.get("oldType"), "percent", values.get("percent"), "newType", newType);
  }

  /** The new column does not exist, and its type is that of its expression. */
  private Uni<Result> typed(Map<String, String> values) {
    return run("new", DefinitionSql.TYPE, values)
        .chain(
            flaw ->
                flaw.isPresent()
                    ? flaw(flaw.get())
                    : transaction
                        .query(DefinitionSql.TYPE_OF)
                        .execute()
                        .map(rows -> rows.iterator().next().getString("type"))
                        .chain(type -> columns(false, with(values, type))));
  }

  private Uni<Result> columns(boolean exists, Map<String, String> values) {
    return firstFlaw(
            List.of(
                () ->
                    exists
                        ? Uni.createFrom().item(Optional.empty())
                        : run("new", DefinitionSql.ADD_NEW, values),
                () -> run("new", DefinitionSql.FORWARD, values),
                () -> run("old", DefinitionSql.REVERSE, values),
                () ->
                    run(
                        "new and its expression cannot be compared",
                        DefinitionSql.COMPARE,
                        values)))
        .chain(flaw -> flaw.map(DefinitionProbe::flaw).orElseGet(() -> rows(values)));
  }

  private static Uni<Optional<String>> firstFlaw(List<Supplier<Uni<Optional<String>>>> checks) {
    Uni<Optional<String>> found = Uni.createFrom().item(Optional.empty());
    for (Supplier<Uni<Optional<String>>> check : checks) {
      found = found.chain(flaw -> flaw.isPresent() ? Uni.createFrom().item(flaw) : check.get());
    }
    return found;
  }

  private Uni<Result> rows(Map<String, String> values) {
    return transaction
        .query(DefinitionSql.READS)
        .execute()
        .map(
            rows ->
                rows.stream()
                    .collect(
                        Collectors.toMap(
                            row -> row.getString("expression"),
                            row -> List.of(row.getArrayOfStrings("columns")))))
        .map(this::readsOthers)
        .chain(
            flaws ->
                flaws.isEmpty()
                    ? sample(values)
                    : Uni.createFrom().item(new Result(flaws, 0, false)));
  }

  /** A write of another column would change the value behind the fence's back. */
  private List<String> readsOthers(Map<String, List<String>> reads) {
    List<String> flaws = new ArrayList<>();
    reads("new", reads.getOrDefault("zd_forward", List.of()), migration.oldColumn())
        .ifPresent(flaws::add);
    reads("old", reads.getOrDefault("zd_reverse", List.of()), migration.newColumn())
        .ifPresent(flaws::add);
    return flaws;
  }

  private static Optional<String> reads(String what, List<String> columns, String wanted) {
    return columns.equals(List.of(wanted))
        ? Optional.empty()
        : Optional.of(
            "%s: the expression reads %s, and must read %s only"
                .formatted(
                    what, columns.isEmpty() ? "no column" : String.join(", ", columns), wanted));
  }

  private Uni<Result> sample(Map<String, String> values) {
    return run("a sample of the rows", DefinitionSql.SAMPLE, values)
        .chain(
            flaw ->
                flaw.isPresent()
                    ? flaw(flaw.get())
                    : transaction
                        .preparedQuery(DefinitionSql.FOUND)
                        .execute(Tuple.of(SHOWN))
                        .map(rows -> rows.iterator().next())
                        .map(
                            row ->
                                new Result(
                                    List.of(row.getArrayOfStrings("flaws")),
                                    row.getInteger("looked"),
                                    false)));
  }

  /**
   * Runs a statement; what PostgreSQL refuses is the flaw, in its own words. A prepared statement
   * is one statement: an expression with a semicolon cannot add another.
   */
  private Uni<Optional<String>> run(String what, String template, Map<String, String> values) {
    return transaction
        .preparedQuery(DefinitionSql.fill(template, migration, values))
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

  private static Uni<Result> flaw(String flaw) {
    return Uni.createFrom().item(new Result(List.of(flaw), 0, false));
  }

  /**
   * What was found.
   *
   * @param flaws why the definition is not safe; empty if it is
   * @param rows rows of the sample that went through both expressions
   * @param byCatalog a look into the catalog was enough: it costs nothing to ask again
   */
  record Result(List<String> flaws, int rows, boolean byCatalog) {}
}
