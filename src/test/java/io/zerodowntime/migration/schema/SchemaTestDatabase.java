package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.Liquibases;
import io.zerodowntime.testing.TestPostgres;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A new database in the one PostgreSQL of this test run, and Liquibase over it. The runner works as
 * a role with the least rights that docs/kubernetes.md names; the test looks on as the superuser.
 */
final class SchemaTestDatabase {
  static final Migration MIGRATION =
      new Migration(
          "orders-status",
          "orders",
          List.of("id"),
          List.of(ComputedColumn.of("old_status", "upper(status)")),
          List.of(ComputedColumn.of("status", "lower(old_status)")),
          List.of("orders_status_idx"),
          List.of("orders_old_status_idx"),
          Migration.Options.NONE);

  /** Roles of this database's sessions that are a superuser; autovacuum has no role. */
  static final String SUPERUSERS =
      "SELECT count(*) FROM pg_stat_activity JOIN pg_roles ON rolname = usename"
          + " WHERE datname = current_database() AND rolsuper";

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final EmbeddedPostgres SERVER = start();
  private static final String CATALOG =
      """
      SELECT line FROM (
        SELECT format('%s.%s %s not null %s', c.relname, a.attname,
          format_type(a.atttypid, a.atttypmod), a.attnotnull) AS line
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND a.attnum > 0 AND NOT a.attisdropped AND c.relname !~ '^databasechangelog'
        UNION ALL
        SELECT format('%s %s valid %s', conrelid::regclass, pg_get_constraintdef(oid), convalidated)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
          AND conrelid::regclass::text !~ '^databasechangelog'
        UNION ALL
        SELECT format('%s valid %s', pg_get_indexdef(indexrelid), indisvalid)
        FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class
          WHERE relnamespace = 'public'::regnamespace AND relname !~ '^databasechangelog')
      ) catalog ORDER BY line
      """;

  private final String name = "schema_" + COUNT.incrementAndGet();

  /** An empty one. */
  SchemaTestDatabase() {
    this("template1");
  }

  private SchemaTestDatabase(String template) {
    run(SERVER.getPostgresDatabase(), "CREATE DATABASE " + name + " TEMPLATE " + template);
    run(
        "CREATE ROLE " + owner() + " LOGIN",
        "CREATE ROLE " + stranger() + " LOGIN",
        "GRANT CREATE ON SCHEMA public TO " + owner(),
        "GRANT pg_read_all_data TO " + stranger());
  }

  private SchemaTestDatabase(SchemaTestDatabase template) {
    this(template.name);
    run("REASSIGN OWNED BY " + template.owner() + " TO " + owner());
  }

  /** One with the engine's tables. */
  static SchemaTestDatabase initial() {
    return new SchemaTestDatabase(Templates.INITIAL);
  }

  /**
   * One with orders, the new column, and a few rows: the state that a turn finds in {@code phase}.
   */
  static SchemaTestDatabase expanded(int phase, boolean drained) {
    SchemaTestDatabase database = new SchemaTestDatabase(Templates.EXPANDED);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status)"
            + " SELECT n, n, 'PAID', 'paid' FROM generate_series(1, 1000) n");
    database.phase(phase, drained);
    return database;
  }

  /** What is copied, as Liquibase takes longer than most tests. Nothing connects to them later. */
  private static final class Templates {
    static final SchemaTestDatabase INITIAL = made(SchemaTestDatabase::engineTables);
    static final SchemaTestDatabase EXPANDED =
        made(
            database ->
                database.runner(Duration.ofSeconds(30)).apply(MIGRATION, SchemaStage.EXPAND));

    private static SchemaTestDatabase made(Consumer<SchemaTestDatabase> stage) {
      SchemaTestDatabase database = new SchemaTestDatabase();
      stage.accept(database);
      return database;
    }
  }

  void phase(int phase, boolean drained) {
    run(
        "UPDATE migration_state SET phase = %d, old_stale = %b, drained_at = %s"
            .formatted(phase, phase == 3, drained ? "now()" : "NULL"));
  }

  /** A live instance of every migration. */
  void heartbeat() {
    run(
        "INSERT INTO migration_instance"
            + " (migration, instance, requested_phase, writes_up_to, version)"
            + " SELECT name, 'one', phase, 3, 'test' FROM migration_state");
  }

  SchemaRunner runner(Duration bound) {
    return runner(bound, Duration.ofSeconds(1));
  }

  SchemaRunner runner(Duration bound, Duration longTransaction) {
    DataSource source = as("zerodowntime");
    return new SchemaRunner(source, liquibase(source), bound, longTransaction);
  }

  /** The engine's own tables; creates what is missing. */
  void engineTables() {
    try {
      quietly(all -> all.update(new Contexts(), new LabelExpression(SchemaStage.INITIAL)));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The engine's tables and those of orders, before their migration is registered. */
  void ordersTables() throws Exception {
    engineTables();
    Liquibases.quietly(
        Liquibases.of(as("Liquibase"), "liquibase/initial/001-orders.sql"),
        tables -> tables.update(new Contexts(), new LabelExpression()));
  }

  /** Works on it with Liquibase as its owner, and prints nothing. */
  void quietly(Liquibases.Work work) throws Exception {
    Liquibases.quietly(liquibase(as("Liquibase")), work);
  }

  Supplier<Liquibase> liquibase(DataSource source) {
    return Liquibases.of(source, "liquibase/changelog-root.yaml");
  }

  /** The role that owns the tables, and may do nothing else. */
  String owner() {
    return name + "_owner";
  }

  /** A role that may read the tables, and whose transactions are hidden from the owner. */
  String stranger() {
    return name + "_stranger";
  }

  DataSource as(String applicationName) {
    return as(applicationName, owner());
  }

  DataSource as(String applicationName, String role) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(SERVER.getJdbcUrl(role, name));
    source.setApplicationName(applicationName);
    return source;
  }

  /** Runs the statements in one session of the superuser, each in a transaction of its own. */
  void run(String... statements) {
    run(superuser(), statements);
  }

  private DataSource superuser() {
    return as("zerodowntime test", "postgres");
  }

  String url() {
    return SERVER.getJdbcUrl(owner(), name);
  }

  String name() {
    return name;
  }

  /** The first column of every row. */
  List<String> list(String sql) {
    try (Connection connection = superuser().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> found = new ArrayList<>();
      while (rows.next()) {
        found.add(rows.getString(1));
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  String one(String sql) {
    return list(sql).get(0);
  }

  /** Every column, constraint and index of our tables, a line each. */
  List<String> catalog() {
    return list(CATALOG);
  }

  private static void run(DataSource source, String... statements) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(String.join("; ", statements), e);
    }
  }

  private static EmbeddedPostgres start() {
    try {
      return TestPostgres.start(
          EmbeddedPostgres.builder().setServerConfig("max_prepared_transactions", "5"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
