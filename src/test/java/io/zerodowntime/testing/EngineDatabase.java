package io.zerodowntime.testing;

import io.quarkus.liquibase.LiquibaseFactory;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.Stream;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What a test does behind the service's back, by connections of its own and as its role. */
@Singleton
public class EngineDatabase {
  private static final List<String> EMPTY =
      List.of(
          "TRUNCATE orders, idempotency_key, migration_history, migration_instance,"
              + " backfill_progress, backfill_run, parity_mismatch, parity_shadow,"
              + " parity_shadow_instance"
              + " RESTART IDENTITY",
          "ALTER TABLE orders ADD COLUMN IF NOT EXISTS old_status varchar(50)",
          "ALTER TABLE orders ALTER COLUMN old_status SET NOT NULL",
          "ALTER TABLE orders ADD COLUMN IF NOT EXISTS status varchar(50)",
          "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL",
          "ALTER TABLE orders ALTER COLUMN status TYPE varchar(50)",
          "ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_status_present",
          "DROP INDEX IF EXISTS orders_status_idx",
          "CREATE INDEX IF NOT EXISTS orders_old_status_idx ON orders (lower(old_status), id)",
          "DELETE FROM databasechangelog WHERE id LIKE '090%'",
          "UPDATE migration_state SET phase = 0, epoch = 0, old_stale = false, changed_at = now(),"
              + " draining = NULL, drained_at = now(), contracted_at = NULL");

  private static final int VALIDATION_SECONDS = 60;

  private final Deque<Connection> readers = new ConcurrentLinkedDeque<>();
  private final LiquibaseFactory liquibase;
  private final Optional<String> name;
  private final Optional<Integer> port;
  private final String role;
  private boolean expanded;

  EngineDatabase(
      LiquibaseFactory liquibase,
      @ConfigProperty(name = EngineResource.DATABASE) Optional<String> name,
      @ConfigProperty(name = EngineResource.PORT) Optional<Integer> port,
      @ConfigProperty(name = EngineResource.ROLE, defaultValue = TestPostgres.SUPERUSER)
          String role,
      @ConfigProperty(name = "quarkus.liquibase.change-log") String changelog) {
    this.liquibase = liquibase;
    this.name = name;
    this.port = port;
    this.role = role;
    this.expanded = changelog.equals(EngineSchema.CHANGELOG);
  }

  /** No orders, both columns, phase 0, and nothing of what the engine remembers. */
  public void reset() throws Exception {
    if (!expanded) {
      try (Liquibase changes = liquibase.createLiquibase()) {
        changes.update(new Contexts(), new LabelExpression(EngineSchema.LABELS));
      }
      expanded = true;
    }
    run(EMPTY);
  }

  /** Takes part in the effective phase as if the steps had been taken, and drained. */
  public void phase(int phase) {
    run(
        "UPDATE migration_state SET epoch = epoch + 1, changed_at = now(), draining = NULL,"
            + " drained_at = now(), phase = "
            + phase);
  }

  /** Legacy orders with mixed spellings, in the old column only. */
  public void orders(int count) {
    run(
        "INSERT INTO orders (user_id, amount, old_status)"
            + " SELECT n, n, (ARRAY['PENDING', 'Paid', 'SHIPPED'])[1 + n % 3]"
            + " FROM generate_series(1, "
            + count
            + ") AS n");
  }

  /** What shadow reads found now, in the epoch so many before the one in force. */
  public void shadowReads(int epochsAgo, int matches, int mismatches) {
    run(
        "INSERT INTO parity_shadow_instance (migration, epoch, instance, matches, mismatches,"
            + " errors, matched_at, mismatched_at) SELECT name, epoch - %d, 'test', %2$d, %3$d, 0,"
                .formatted(epochsAgo, matches, mismatches)
            + " CASE WHEN %d > 0 THEN now() END, CASE WHEN %d > 0 THEN now() END FROM migration_state"
                .formatted(matches, mismatches));
  }

  public DataSource source() {
    return database().as(role).dataSource();
  }

  private TestDatabase database() {
    return new TestDatabase(name.orElseThrow(), port.orElseThrow());
  }

  /** A session of its own, in a transaction; the caller closes it. */
  public Connection session(String applicationName) throws SQLException {
    Connection connection = source().getConnection();
    execute(connection, "SET application_name = '" + applicationName + "'");
    connection.setAutoCommit(false);
    return connection;
  }

  public static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Runs the statements in one session, each in a transaction of its own. */
  public void run(String... statements) {
    run(List.of(statements));
  }

  /** The same. */
  public void run(List<String> statements) {
    run(source(), statements);
  }

  /** The same as the superuser, for what no other role may do. */
  public void runAsSuperuser(String... statements) {
    run(database().dataSource(), List.of(statements));
  }

  private static void run(DataSource source, List<String> statements) {
    try (Connection connection = source.getConnection()) {
      execute(connection, "SET lock_timeout = '60s'");
      for (String sql : statements) {
        execute(connection, sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(String.join(";", statements), e);
    }
  }

  /** Removes a migration, its runs and what they found, and runs the statements behind that. */
  public void forget(String migration, String... statements) {
    String here = " = '" + migration + "'";
    run(
        Stream.concat(
                Stream.of(
                    "DELETE FROM backfill_run WHERE migration" + here,
                    "DELETE FROM parity_mismatch WHERE migration" + here,
                    "DELETE FROM migration_state WHERE name" + here),
                Stream.of(statements))
            .toList());
  }

  /** The first column of every row, read by a session that stays for the next ones. */
  public List<String> rows(String sql) {
    try {
      Connection reader = reader();
      List<String> values = read(reader, sql);
      readers.push(reader);
      return values;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** A test may have ended the session of the last time. */
  private Connection reader() throws SQLException {
    Connection reader = readers.poll();
    return reader != null && reader.isValid(VALIDATION_SECONDS) ? reader : source().getConnection();
  }

  private static List<String> read(Connection reader, String sql) throws SQLException {
    try (Statement statement = reader.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (rows.next()) {
        values.add(rows.getString(1));
      }
      return values;
    } catch (SQLException e) {
      reader.close();
      throw e;
    }
  }

  @PreDestroy
  void close() throws SQLException {
    for (Connection reader : readers) {
      reader.close();
    }
  }

  public String one(String sql) {
    return rows(sql).get(0);
  }

  public long number(String sql) {
    return Long.parseLong(one(sql));
  }

  /** How many sessions of the service wait for a lock. */
  public long waiting() {
    return waits().size();
  }

  /** Session and start of every statement of the service that waits for a lock. */
  public List<String> waits() {
    return rows(
        "SELECT pid || ' ' || query_start FROM pg_stat_activity"
            + " WHERE application_name = 'zerodowntime' AND datname = current_database()"
            + " AND wait_event_type = 'Lock'");
  }

  /** Rows whose columns disagree. */
  public long mismatches() {
    return number("SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status)");
  }
}
