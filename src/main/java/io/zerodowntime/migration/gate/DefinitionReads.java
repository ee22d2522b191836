package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which columns the expressions of a definition read, as PostgreSQL found them: those of the other
 * side only, and none of the old ones is left unread.
 */
final class DefinitionReads {
  private DefinitionReads() {}

  /** What is wrong, once the expressions are generated columns; empty if nothing is. */
  static Uni<List<String>> flaws(SqlConnection transaction, Migration migration) {
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
        .map(reads -> flaws(migration, reads));
  }

  /**
   * A write of another column would change the value behind the fence's back, and what no
   * expression reads would be lost with its column.
   */
  private static List<String> flaws(Migration migration, Map<String, List<String>> reads) {
    List<String> oldNames = migration.oldNames();
    List<String> flaws = new ArrayList<>();
    flaws.addAll(reads("new", "zd_forward_", migration.newColumns(), reads, oldNames));
    flaws.addAll(reads("old", "zd_reverse_", migration.oldColumns(), reads, migration.newNames()));
    List<String> unread = new ArrayList<>(oldNames);
    for (int i = 0; i < migration.newColumns().size(); i++) {
      unread.removeAll(reads.getOrDefault("zd_forward_" + i, List.of()));
    }
    if (flaws.isEmpty() && !unread.isEmpty()) {
      flaws.add(
          "new: no expression reads %s: what it holds would be lost"
              .formatted(String.join(", ", unread)));
    }
    return flaws;
  }

  private static List<String> reads(
      String role,
      String prefix,
      List<ComputedColumn> columns,
      Map<String, List<String>> reads,
      List<String> wanted) {
    List<String> flaws = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      List<String> found = reads.getOrDefault(prefix + i, List.of());
      if (found.isEmpty() || !wanted.containsAll(found)) {
        flaws.add(
            "%s: the expression reads %s, and must read %s only"
                .formatted(
                    DefinitionProbe.place(role, columns.get(i)),
                    found.isEmpty() ? "no column" : String.join(", ", found),
                    String.join(", ", wanted)));
      }
    }
    return flaws;
  }
}
