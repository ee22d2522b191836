package io.zerodowntime.orders;

import io.agroal.api.AgroalDataSource;
import io.quarkus.liquibase.LiquibaseFactory;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;

/** What a test does behind the service's back. */
@Singleton
public class OrdersDatabase {
  private final AgroalDataSource source;
  private final LiquibaseFactory liquibase;

  OrdersDatabase(AgroalDataSource source, LiquibaseFactory liquibase) {
    this.source = source;
    this.liquibase = liquibase;
  }

  /** Empty tables with both columns and their indexes, in the given phase. */
  void reset(int phase) throws Exception {
    try (Liquibase changes = liquibase.createLiquibase()) {
      changes.update(new Contexts(), new LabelExpression("initial or expand"));
    }
    run("TRUNCATE orders, idempotency_key RESTART IDENTITY");
    run("ALTER TABLE orders ADD COLUMN IF NOT EXISTS old_status varchar(50)");
    run("ALTER TABLE orders ADD COLUMN IF NOT EXISTS status varchar(50)");
    run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
    run("CREATE INDEX IF NOT EXISTS orders_old_status_idx ON orders (lower(old_status), id)");
    run("CREATE INDEX IF NOT EXISTS orders_status_idx ON orders (status, id)");
    phase(phase);
  }

  void phase(int phase) {
    run("UPDATE migration_state SET phase = " + phase + " WHERE name = 'orders-status'");
  }

  void run(String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  long count(String table) {
    return Long.parseLong(rows("SELECT count(*) FROM " + table).get(0));
  }

  /** Both columns of an order, for example {@code PAID/paid}. */
  String columns(long id) {
    return rows("SELECT concat_ws('/', coalesce(old_status, '-'), coalesce(status, '-'))"
            + " FROM orders WHERE id = "
            + id)
        .get(0);
  }

  /** The first column of every row. */
  List<String> rows(String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (rows.next()) {
        values.add(rows.getString(1));
      }
      return values;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
