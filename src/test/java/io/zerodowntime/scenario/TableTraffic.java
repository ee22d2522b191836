package io.zerodowntime.scenario;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sync;
import io.zerodowntime.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writers of one migrated table, all the time, until it is closed. */
final class TableTraffic implements AutoCloseable {
  private static final int WRITERS = 3;

  /** A schema change waits for 1.25 s at most, and writers behind it hardly longer. */
  private static final String LOCK_TIMEOUT = "SET lock_timeout = '3s'";

  private final Failures failures = new Failures();
  private final PacedThreads threads = new PacedThreads(failures);
  private final List<TableWriter> writers = new ArrayList<>();
  private final TestDatabase database;
  private final FencedStatements statements;
  private final RowLedger ledger;

  /**
   * Begins, in phase 0 and once {@code expand} has run.
   *
   * @param migrations of one table
   * @param tables the traffic of other tables, to whose rows this one's may refer
   */
  TableTraffic(TestDatabase database, List<Migration> migrations, Map<String, TableTraffic> tables)
      throws SQLException {
    this.database = database;
    try (Connection connection = database.dataSource().getConnection()) {
      statements = TableContent.statements(connection, migrations);
      List<List<String>> examples = TableContent.examples(connection, statements);
      ledger = new RowLedger(TableContent.fromOld(connection, statements));
      Map<String, RowLedger> parents = new HashMap<>();
      TableContent.references(connection, migrations)
          .forEach(
              (column, table) -> {
                if (tables.containsKey(table)) {
                  parents.put(column, tables.get(table).ledger);
                }
              });
      RowValues values = new RowValues(statements, examples, parents);
      List<List<String>> keys = ledger.keys();
      for (int i = 0; i < WRITERS; i++) {
        // a quarter of the rows is never written
        List<List<String>> own = keys.subList(i * keys.size() / 4, (i + 1) * keys.size() / 4);
        Connection session = database.dataSource().getConnection();
        session.createStatement().execute(LOCK_TIMEOUT);
        writers.add(
            new TableWriter(
                session, statements(i, migrations), values, ledger, own, new Random(i)));
      }
    }
    for (int i = 0; i < WRITERS; i++) {
      threads.run("writer-" + i, writers.get(i));
    }
  }

  /** With {@code sync} one writer knows the old columns only, until they are dropped. */
  private FencedStatements statements(int writer, List<Migration> migrations) {
    return writer == 0 && migrations.stream().allMatch(each -> each.options().sync() == Sync.COPY)
        ? statements.withoutFence()
        : statements;
  }

  long acknowledgedWrites() {
    return ledger.acknowledgedWrites();
  }

  List<String> failures() {
    return failures.first();
  }

  /** What is wrong about the new columns, once the writers have ended; empty if nothing is. */
  List<String> complaints() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      Map<List<String>, List<String>> table = TableContent.fromNew(connection, statements);
      return ledger.compare(table);
    }
  }

  String summary() {
    return "%d rows, %d acknowledged writes, the longest %d ms: all as they were acknowledged"
        .formatted(ledger.size(), ledger.acknowledgedWrites(), ledger.longestMillis());
  }

  /** Lets every statement in flight come to its end. */
  @Override
  public void close() throws InterruptedException, SQLException {
    threads.close();
    for (TableWriter writer : writers) {
      writer.close();
    }
  }
}
