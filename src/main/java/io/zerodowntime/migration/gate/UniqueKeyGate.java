package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.Verdict;
import java.util.ArrayList;
import java.util.List;

/** The key gives every row of the table one place, and the database holds that. */
final class UniqueKeyGate implements Gate {
  private static final String NAME = "unique-key";

  /*
   * The index must say "unique" at once (not deferred), of every row (not partial), and by the
   * order of the columns themselves: another collation may tell apart what the cursor takes for
   * equal, and the cursor cannot follow columns in another order, or one of them descending, or with
   * NULL on the other side than ORDER BY has it (0: ASC NULLS LAST, 3: DESC NULLS FIRST), or an
   * operator class that has no default one in its family, such as text_pattern_ops: each page would
   * sort the table. Since PostgreSQL 18 a NOT NULL that was never validated counts in attnotnull.
   * Batches name partitions, so the policies of each count.
   */
  private static final String KEY =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """
      , key AS (
        SELECT k.name, k.n, a.attnum, a.attcollation,
          a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint n
            WHERE n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
              AND NOT n.convalidated) AS not_null
        FROM unnest($2::text[]) WITH ORDINALITY AS k (name, n)
        LEFT JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = k.name
          AND NOT a.attisdropped
      )
      SELECT ARRAY(SELECT name FROM key WHERE attnum IS NULL ORDER BY n) AS missing,
        ARRAY(SELECT name FROM key WHERE NOT not_null ORDER BY n) AS nullable,
        EXISTS (SELECT FROM pg_index i
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indisready
            AND i.indislive AND i.indimmediate AND i.indpred IS NULL
            AND i.indnkeyatts = cardinality($2::text[])
            AND NOT EXISTS (SELECT FROM key k
              WHERE i.indkey[k.n - 1] IS DISTINCT FROM k.attnum
                OR i.indcollation[k.n - 1] <> k.attcollation
                OR i.indoption[k.n - 1] <> i.indoption[0]
                OR i.indoption[k.n - 1] NOT IN (0, 3)
                OR NOT EXISTS (SELECT FROM pg_opclass o JOIN pg_opclass d USING (opcfamily)
                  WHERE o.oid = i.indclass[k.n - 1] AND d.opcdefault))) AS is_unique,
        EXISTS (SELECT FROM tree WHERE row_security_active(relation)) AS hidden
      FROM pg_class c WHERE c.oid = to_regclass($1)
      """;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return judge(context.client(), context.migration(), context.migration().key());
  }

  /** The verdict as {@code client} sees the catalog, by the role that it is logged in as. */
  static Uni<Verdict> judge(SqlClient client, Migration migration, List<String> key) {
    return client
        .preparedQuery(KEY)
        .execute(Tuple.of(migration.table(), key.toArray(String[]::new)))
        .map(
            rows ->
                rows.size() == 0
                    ? List.of("table " + migration.table() + " does not exist")
                    : flaws(migration.table(), key, rows.iterator().next()))
        .map(flaws -> verdict(key, flaws));
  }

  private static Verdict verdict(List<String> key, List<String> flaws) {
    return flaws.isEmpty()
        ? Verdict.open(
            NAME, String.join(", ", key) + " is NOT NULL and unique, and no row is hidden")
        : Verdict.closed(
            NAME,
            String.join("; ", flaws),
            "make the key NOT NULL with a plain unique index of its own, or name another key;"
                + " row-level security: let the service's role own the table or have BYPASSRLS");
  }

  private static List<String> flaws(String table, List<String> key, Row row) {
    List<String> flaws = new ArrayList<>();
    for (String name : row.getArrayOfStrings("missing")) {
      flaws.add("column %s.%s does not exist".formatted(table, name));
    }
    if (!flaws.isEmpty()) {
      return flaws;
    }
    for (String name : row.getArrayOfStrings("nullable")) {
      flaws.add("%s.%s accepts NULL: such a row is in no range".formatted(table, name));
    }
    if (!row.getBoolean("is_unique")) {
      flaws.add(
          ("%s.%s has no valid, immediate, non-partial unique index of its own and its collation:"
                  + " rows with an equal key are passed over")
              .formatted(table, String.join(", ", key)));
    }
    if (row.getBoolean("hidden")) {
      flaws.add("row-level security of " + table + " hides rows from this role");
    }
    return flaws;
  }
}
