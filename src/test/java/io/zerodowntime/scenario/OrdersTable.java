package io.zerodowntime.scenario;

import io.zerodowntime.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What is in the database, whatever the service says. */
record OrdersTable(TestDatabase database) {
  static final String MIGRATION = "orders-status";

  private static final String ALL =
      "SELECT id, %s AS status FROM orders WHERE id > %d ORDER BY id LIMIT 50000";

  /** The first column of the first row as text; null if there is none. */
  String ask(String sql) {
    return new Queries(database).ask(sql);
  }

  long count(String sql) {
    return Long.parseLong(ask(sql));
  }

  /** The effective phase, drained: for example {@code 1}, or {@code 1 draining}. */
  String phase() {
    return new Queries(database).phase(MIGRATION);
  }

  /**
   * Compares every row with the ledger.
   *
   * @param status SQL for the status as the API shows it
   * @return what is wrong, at most some of it; empty if all is right
   */
  List<String> compare(Ledger ledger, String status) throws SQLException {
    List<String> wrong = new ArrayList<>();
    long from = ledger.now();
    long rows = 0;
    long last = 0;
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      for (boolean more = true; more && wrong.size() < 20; ) {
        more = false;
        try (ResultSet row = statement.executeQuery(ALL.formatted(status, last))) {
          while (row.next()) {
            more = true;
            rows++;
            last = row.getLong("id");
            judge(ledger, last, row.getString("status"), from, wrong);
          }
        }
      }
    }
    long expected = ledger.legacyOrders() + ledger.createdOrders();
    if (rows < expected || rows > expected + ledger.uncertainCreations()) {
      wrong.add(rows + " rows, expected " + expected);
    }
    return wrong;
  }

  private static void judge(Ledger ledger, long id, String status, long from, List<String> wrong) {
    List<String> allowed = ledger.allowed(id, from, from);
    boolean unknown = allowed.isEmpty() && ledger.uncertainCreations() > 0;
    if (!unknown && !allowed.contains(status)) {
      wrong.add("order %d has %s, expected one of %s".formatted(id, status, allowed));
    }
  }
}
