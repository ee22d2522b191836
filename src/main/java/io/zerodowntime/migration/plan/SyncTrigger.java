package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.Sync;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The triggers that keep the other side right for statements that know nothing of the migration, or
 * that record who sent them.
 *
 * <p>A row whose sides agree passes as it is: a statement behind the fence that writes both sides
 * is not touched. Where they disagree, the side that the statement gave is copied to the other one,
 * by the definition's expressions. A statement that gave both, differently, is decided by the phase
 * in force: the side that readers are given wins.
 *
 * <p>The columns of both sides, which are all that an expression may name, are variables of their
 * names, so PostgreSQL's own parser resolves them, and evaluates the expression without a query.
 *
 * @param table with its schema: whoever writes may have another search path
 * @param schema where the engine's tables are, or will be
 */
record SyncTrigger(Migration migration, String table, String schema) {
  private static final String FACTS =
      """
      SELECT quote_ident(COALESCE((SELECT n.nspname FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.oid = to_regclass('migration_state')), current_schema())) AS schema,
        (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)) AS relation
      """;

  /** Fails with {@link Refused} where an old column cannot be compared, as one of type json. */
  static Uni<Optional<SyncTrigger>> read(SqlClient client, Migration migration) {
    return migration.options().sync() != Sync.OFF
        ? client
            .query(
                "SELECT %s FROM %s AS t LIMIT 0"
                    .formatted(
                        any(migration.oldNames(), "t.%1$s IS DISTINCT FROM t.%1$s"),
                        migration.table()))
            .execute()
            .onFailure(PgException.class)
            .transform(failure -> new Refused("sync: " + failure.getMessage()))
            .chain(() -> client.preparedQuery(FACTS).execute(Tuple.of(migration.table())))
            .map(rows -> rows.iterator().next())
            .map(
                row ->
                    Optional.of(
                        new SyncTrigger(
                            migration, row.getString("relation"), row.getString("schema"))))
        : Uni.createFrom().item(Optional.empty());
  }

  /**
   * What stands at the places of {@link #changeset()}.
   *
   * @throws IllegalArgumentException if an expression cannot stand in a changelog
   */
  Map<String, String> values() {
    String quote = quote();
    String insert = migration.syncName() + "_i";
    String update = migration.syncName() + "_u";
    List<String> old = migration.oldNames();
    Map<String, String> values = new HashMap<>();
    values.put("name", migration.name());
    values.put("table", migration.table());
    values.put("schema", schema);
    values.put("sync", function());
    values.put("syncQuote", quote);
    values.put("syncInsert", insert);
    values.put("syncUpdate", update);
    values.put("syncInsertName", SqlName.quote(insert));
    values.put("syncUpdateName", SqlName.quote(update));
    values.put("syncWhen", any(migration.moved(), "OLD.%1$s IS DISTINCT FROM NEW.%1$s"));
    values.put("variables", variables());
    values.put("agree", agree());
    values.put("oldInserted", any(old, "%s IS NOT NULL"));
    values.put("newInserted", any(migration.newNames(), "%s IS NOT NULL"));
    values.put("oldUpdated", any(old, "%1$s IS DISTINCT FROM OLD.%1$s"));
    values.put("newUpdated", any(migration.newNames(), "%1$s IS DISTINCT FROM OLD.%1$s"));
    values.put("reverse", assignments(migration.oldColumns()));
    values.put("forward", assignments(migration.newColumns()));
    values.put("oldCount", String.valueOf(old.size()));
    values.put("oldList", old.stream().map(SqlName::literal).collect(Collectors.joining(", ")));
    values.put("syncTime", detects() ? "AFTER" : "BEFORE");
    String triggers =
        (detects() ? SyncTriggerSql.DETECT : SyncTriggerSql.COPY) + SyncTriggerSql.TRIGGERS;
    // what another definition or another version has made is made anew
    values.put("syncMark", "");
    String unmarked = ChangesetSql.fill(triggers, values, quote);
    values.put("syncMark", "zd %08x".formatted(unmarked.hashCode()));
    String filled = ChangesetSql.fill(triggers, values, quote);
    values.put("syncTriggers", filled);
    values.put(
        "resync", filled.lines().map("--rollback   %s\n"::formatted).collect(Collectors.joining()));
    return values;
  }

  private boolean detects() {
    return migration.options().sync() == Sync.DETECT;
  }

  /** The changeset, as a template. */
  String changeset() {
    return detects()
        ? SyncTriggerSql.DETECT_COMMENT + SyncTriggerSql.CHANGESET + SyncTriggerSql.DETECT_ROLLBACK
        : SyncTriggerSql.COPY_COMMENT + SyncTriggerSql.CHANGESET + SyncTriggerSql.COPY_ROLLBACK;
  }

  private String function() {
    return SqlName.beside(table, migration.syncName());
  }

  private Stream<String> expressions() {
    return Stream.concat(migration.oldColumns().stream(), migration.newColumns().stream())
        .map(ComputedColumn::expression);
  }

  private String quote() {
    expressions().forEach(SyncTrigger::requireWritable);
    return IntStream.iterate(0, n -> n + 1)
        .mapToObj("$zd_sync%d$"::formatted)
        .filter(tag -> expressions().noneMatch(expression -> expression.contains(tag)))
        .findFirst()
        .orElseThrow();
  }

  private static void requireWritable(String expression) {
    if (expression.contains("${")
        || expression.contains("--")
        || expression.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException(
          "sync: the expression %s must be on one line, without a comment and without ${"
              .formatted(expression));
    }
  }

  private String variables() {
    return migration.moved().stream()
        .map(SqlName::quote)
        .map(column -> "  %1$s %2$s.%1$s%%TYPE := NEW.%1$s;".formatted(column, table))
        .collect(Collectors.joining("\n"));
  }

  private String agree() {
    return migration.newColumns().stream()
        .map(
            column ->
                "%s IS NOT DISTINCT FROM (%s)"
                    .formatted(SqlName.quote(column.name()), column.expression()))
        .collect(Collectors.joining("\n    AND "));
  }

  private static String any(List<String> columns, String condition) {
    return columns.stream()
        .map(SqlName::quote)
        .map(condition::formatted)
        .collect(Collectors.joining(" OR "));
  }

  private static String assignments(List<ComputedColumn> columns) {
    return columns.stream()
        .map(c -> "    NEW.%s := %s;".formatted(SqlName.quote(c.name()), c.expression()))
        .collect(Collectors.joining("\n"));
  }
}
