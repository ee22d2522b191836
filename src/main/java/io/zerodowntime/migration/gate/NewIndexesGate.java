package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Verdict;
import java.util.ArrayList;
import java.util.List;

/**
 * The indexes that reads of the new column need exist and are valid; of a partitioned table, on
 * each partition: PostgreSQL takes the table's own index for valid then.
 */
final class NewIndexesGate implements Gate {
  private static final String VALID =
      """
      SELECT c.relname
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indisready
        AND c.relname = ANY ($2)
        AND NOT EXISTS (
          WITH RECURSIVE parts AS (
            SELECT i.indexrelid AS id UNION ALL
            SELECT h.inhrelid FROM pg_inherits h JOIN parts p ON h.inhparent = p.id)
          SELECT FROM parts JOIN pg_index x ON x.indexrelid = parts.id
          WHERE NOT (x.indisvalid AND x.indisready))
      """;

  @Override
  public String name() {
    return "new-indexes";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context
        .client()
        .preparedQuery(VALID)
        .execute(
            Tuple.of(
                context.migration().table(),
                context.migration().newIndexes().toArray(String[]::new)))
        .chain(
            rows -> {
              List<String> missing = new ArrayList<>(context.migration().newIndexes());
              rows.forEach(row -> missing.remove(row.getString("relname")));
              return verdict(
                  missing.isEmpty(),
                  missing.isEmpty() ? "all are valid" : "missing or invalid: " + missing,
                  "run the command: expand");
            });
  }
}
