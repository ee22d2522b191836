package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.SqlName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The triggers that keep the other side right for statements that know nothing of the migration.
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

  private static final String TRIGGERS =
      """
      CREATE OR REPLACE FUNCTION %(sync)() RETURNS trigger LANGUAGE plpgsql AS %(syncQuote)
      #variable_conflict use_variable
      DECLARE
      %(variables)
        zd_old_given boolean;
        zd_new_given boolean;
      BEGIN
        IF %(agree) THEN
          RETURN NEW;
        END IF;
        IF TG_OP = 'INSERT' THEN
          zd_old_given := %(oldInserted);
          zd_new_given := %(newInserted);
        ELSE
          zd_old_given := %(oldUpdated);
          zd_new_given := %(newUpdated);
        END IF;
        IF zd_old_given AND zd_new_given THEN
          zd_new_given := COALESCE((SELECT s.phase >= 2 FROM %(schema).migration_state s
            WHERE s.name = '%(name)'), false);
        END IF;
        IF zd_new_given THEN
      %(reverse)
        ELSIF zd_old_given OR TG_OP = 'INSERT' THEN
      %(forward)
        END IF;
        RETURN NEW;
      END %(syncQuote);
      COMMENT ON FUNCTION %(sync)() IS '%(syncMark)';
      CREATE OR REPLACE TRIGGER %(syncInsertName) BEFORE INSERT ON %(table)
        FOR EACH ROW EXECUTE FUNCTION %(sync)();
      CREATE OR REPLACE TRIGGER %(syncUpdateName) BEFORE UPDATE ON %(table)
        FOR EACH ROW WHEN (%(syncWhen))
        EXECUTE FUNCTION %(sync)();
      """;

  /** Runs again where a trigger is missing or disabled, or the definition has changed. */
  static final String CHANGESET =
      """

      -- Writers that know nothing of the migration write one side; these triggers fill the other.
      -- BEFORE triggers run in the order of their names: those that come later see both sides.
      --changeset %(name):010-sync labels:%(name),%(stage) runAlways:true splitStatements:false \
      rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:f SELECT count(*) = 2 FROM pg_trigger WHERE tgrelid \
      = to_regclass(%'table') AND tgname IN (%'syncInsert', %'syncUpdate') AND tgenabled <> 'D' \
      AND obj_description(tgfoid, 'pg_proc') = '%(syncMark)'
      --precondition-sql-check expectedResult:%(oldCount) SELECT count(*) FROM pg_attribute WHERE \
      attrelid = to_regclass(%'table') AND attname IN (%(oldList)) AND NOT attisdropped
      %(syncTriggers)\
      -- in phase 0 readers are given the old columns, which every writer writes
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase > 0 FOR NO KEY UPDATE;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION 'writers may rely on the triggers: bring %(name) back to phase 0 first';
      --rollback   END IF;
      --rollback   DROP FUNCTION IF EXISTS %(sync)() CASCADE;
      --rollback END %$;
      """;

  /** What the drop of the old columns takes along, before it. */
  static final String DROP = "  DROP FUNCTION IF EXISTS %(sync)() CASCADE;\n";

  /** Fails with {@link Refused} where an old column cannot be compared, as one of type json. */
  static Uni<Optional<SyncTrigger>> read(SqlClient client, Migration migration) {
    return migration.options().sync()
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
   * What stands at the places of {@link #CHANGESET}.
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
    // what another definition or another version has made is made anew
    values.put("syncMark", "");
    String unmarked = ChangesetSql.fill(TRIGGERS, values, quote);
    values.put("syncMark", "zd %08x".formatted(unmarked.hashCode()));
    String triggers = ChangesetSql.fill(TRIGGERS, values, quote);
    values.put("syncTriggers", triggers);
    values.put(
        "resync",
        triggers.lines().map("--rollback   %s\n"::formatted).collect(Collectors.joining()));
    return values;
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
