package io.zerodowntime.orders;

import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Singleton;
import java.util.List;

/** The tables of orders, as a test looks at them behind the service's back. */
@Singleton
class OrdersDatabase {
  private final EngineDatabase database;

  OrdersDatabase(EngineDatabase database) {
    this.database = database;
  }

  /** Empty tables with both columns and their indexes, in the given phase. */
  void reset(int phase) throws Exception {
    database.reset();
    database.run(
        "ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL",
        "CREATE INDEX IF NOT EXISTS orders_status_idx ON orders (status, id)",
        inPhase(phase));
  }

  void phase(int phase) {
    run(inPhase(phase));
  }

  private static String inPhase(int phase) {
    return "UPDATE migration_state SET phase = " + phase + " WHERE name = 'orders-status'";
  }

  void run(String sql) {
    database.run(sql);
  }

  long count(String table) {
    return database.number("SELECT count(*) FROM " + table);
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
    return database.rows(sql);
  }
}
