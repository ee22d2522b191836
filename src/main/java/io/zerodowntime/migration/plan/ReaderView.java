package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A view for services that only read: it gives the values of the columns that are authoritative in
 * the phase in force, so that a read needs no change when they do. One branch of it is run, the
 * other is found empty before its table is read; a condition on a value reaches the index of its
 * side.
 */
final class ReaderView {
  private static final String VIEW =
      """
      CREATE VIEW %(view) AS
      SELECT %(new) FROM %(table)
        WHERE EXISTS (SELECT FROM migration_state WHERE name = '%(name)' AND phase >= 2)
      UNION ALL
      SELECT %(old) FROM %(table)
        WHERE NOT EXISTS (SELECT FROM migration_state WHERE name = '%(name)' AND phase >= 2);
      """;

  private ReaderView() {}

  /** The statement that creates it, once {@code expand} has run. */
  static String of(Migration migration) {
    return ChangesetSql.fill(
        VIEW,
        Map.of(
            "name", migration.name(),
            "table", migration.table(),
            "view", SqlName.beside(migration.table(), name(migration)),
            "new", columns(migration, migration.newNames().stream().map(SqlName::quote)),
            "old",
                columns(
                    migration,
                    migration.newColumns().stream()
                        .map(each -> each.expression() + " AS " + SqlName.quote(each.name())))),
        "");
  }

  private static String name(Migration migration) {
    return Changesets.name(migration.name().replace('-', '_'), "_read");
  }

  /** A key that moves is among the values. */
  private static String columns(Migration migration, Stream<String> values) {
    Stream<String> key =
        migration.key().stream()
            .filter(each -> !migration.oldNames().contains(each))
            .map(SqlName::quote);
    return Stream.concat(key, values).collect(Collectors.joining(", "));
  }
}
