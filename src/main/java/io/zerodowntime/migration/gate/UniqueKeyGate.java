package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Verdict;
import java.util.ArrayList;
import java.util.List;

/** The key gives every row of the table one place, and the database holds that. */
final class UniqueKeyGate implements Gate {
  private static final String NAME = "unique-key";

  /*
   * The index must say "unique" at once (not deferred), of every row (not partial), and by the order
   * of the column itself: another collation may tell apart what the cursor takes for equal. Since
   * PostgreSQL 18 a NOT NULL that was never validated counts in attnotnull.
   */
  private static final String KEY =
      """
      SELECT a.attnum IS NOT NULL AS present,
        COALESCE(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint n
          WHERE n.conrelid = c.oid AND n.contype = 'n' AND n.conkey[1] = a.attnum
            AND NOT n.convalidated), false) AS not_null,
        EXISTS (SELECT FROM pg_index i
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indisready
            AND i.indislive AND i.indimmediate AND i.indpred IS NULL AND i.indnkeyatts = 1
            AND i.indkey[0] = a.attnum AND i.indcollation[0] = a.attcollation) AS is_unique,
        row_security_active(c.oid) AS hidden
      FROM pg_class c
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
      WHERE c.oid = to_regclass($1)
      """;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return judge(context.client(), context.migration());
  }

  /** The verdict as {@code client} sees the catalog, by the role that it is logged in as. */
  static Uni<Verdict> judge(SqlClient client, Migration migration) {
    return client
        .preparedQuery(KEY)
        .execute(Tuple.of(migration.table(), migration.key()))
        .map(
            rows ->
                rows.size() == 0
                    ? List.of("table " + migration.table() + " does not exist")
                    : flaws(migration, rows.iterator().next()))
        .map(flaws -> verdict(migration, flaws));
  }

  private static Verdict verdict(Migration migration, List<String> flaws) {
    return flaws.isEmpty()
        ? Verdict.open(NAME, migration.key() + " is NOT NULL and unique, and no row is hidden")
        : Verdict.closed(
            NAME,
            String.join("; ", flaws),
            "make the key NOT NULL with a plain unique index of its own, or name another key;"
                + " row-level security: let the service's role own the table or have BYPASSRLS");
  }

  private static List<String> flaws(Migration migration, Row row) {
    String key = migration.table() + "." + migration.key();
    List<String> flaws = new ArrayList<>();
    if (!row.getBoolean("present")) {
      flaws.add("column " + key + " does not exist");
      return flaws;
    }
    if (!row.getBoolean("not_null")) {
      flaws.add(key + " accepts NULL: such a row is in no range");
    }
    if (!row.getBoolean("is_unique")) {
      flaws.add(
          key
              + " has no valid, immediate, non-partial unique index of its own and its collation:"
              + " rows with an equal key are passed over");
    }
    if (row.getBoolean("hidden")) {
      flaws.add("row-level security of " + migration.table() + " hides rows from this role");
    }
    return flaws;
  }
}
