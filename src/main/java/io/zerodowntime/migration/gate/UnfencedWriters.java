package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sync;
import io.zerodowntime.migration.UnfencedWriter;
import java.util.List;
import java.util.stream.StreamSupport;

/** Reads what the triggers of {@link Sync#DETECT} have recorded. */
final class UnfencedWriters {
  private static final String LAST =
      """
      SELECT application, role, statement, first_at, last_at FROM unfenced_writer
      WHERE migration = $1 ORDER BY last_at DESC LIMIT 10
      """;

  private UnfencedWriters() {}

  static Uni<List<UnfencedWriter>> of(SqlClient client, Migration migration) {
    return migration.options().sync() == Sync.DETECT
        ? client
            .preparedQuery(LAST)
            .execute(Tuple.of(migration.name()))
            .map(
                rows ->
                    StreamSupport.stream(rows.spliterator(), false)
                        .map(UnfencedWriters::writer)
                        .toList())
        : Uni.createFrom().item(List.of());
  }

  private static UnfencedWriter writer(Row row) {
    return new UnfencedWriter(
        row.getString("application"),
        row.getString("role"),
        row.getString("statement"),
        row.getOffsetDateTime("first_at"),
        row.getOffsetDateTime("last_at"));
  }
}
