package io.zerodowntime.scenario;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toList;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writers of every migrated table, until it is closed. */
final class DatabaseTraffic implements AutoCloseable {
  private final Map<String, TableTraffic> tables = new LinkedHashMap<>();

  /**
   * Begins, in phase 0 and once {@code expand} has run.
   *
   * @param migrations in an order in which a table that others refer to comes first
   */
  DatabaseTraffic(TestDatabase database, List<Migration> migrations) throws SQLException {
    Map<String, List<Migration>> byTable =
        migrations.stream().collect(groupingBy(Migration::table, LinkedHashMap::new, toList()));
    for (Map.Entry<String, List<Migration>> each : byTable.entrySet()) {
      tables.put(each.getKey(), new TableTraffic(database, each.getValue(), Map.copyOf(tables)));
    }
  }

  /** Of the table that has the fewest. */
  long acknowledgedWrites() {
    return tables.values().stream().mapToLong(TableTraffic::acknowledgedWrites).min().orElse(0);
  }

  List<String> failures() {
    return tables.values().stream().flatMap(each -> each.failures().stream()).toList();
  }

  /** What is wrong about the new columns, once the writers have ended; empty if nothing is. */
  List<String> complaints() throws SQLException {
    List<String> all = new ArrayList<>();
    for (TableTraffic each : tables.values()) {
      all.addAll(each.complaints());
    }
    return all;
  }

  String summary() {
    return tables.entrySet().stream()
        .map(each -> each.getKey() + ": " + each.getValue().summary())
        .collect(joining("; "));
  }

  /** Lets every statement in flight come to its end. */
  @Override
  public void close() throws InterruptedException, SQLException {
    for (TableTraffic each : tables.values()) {
      each.close();
    }
  }
}
