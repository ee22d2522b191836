package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What keys still need of the columns that the next phase no longer writes: 3 the old ones, 0 the
 * new ones.
 */
final class LeftColumns {
  /*
   * A foreign key on a column that is no longer written judges values that are out of date: it would
   * refuse a DELETE, or cascade one to a row that refers to another by now. One that refers to such a
   * column refuses the writers of the other table. A default would give a key of the new side another
   * number on the old one. Those that partitions have of the table's are named once.
   */
  private static final String KEYS =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """
      , leaving AS (
        SELECT attrelid, attnum, attname FROM pg_attribute
        WHERE attrelid IN (SELECT relation FROM tree) AND attname = ANY ($2::text[])
          AND NOT attisdropped
      )
      SELECT format('the foreign key %I of %s is on it', c.conname, c.conrelid::regclass) AS flaw
      FROM pg_constraint c
      WHERE c.contype = 'f' AND c.conparentid = 0 AND EXISTS (SELECT FROM leaving
        WHERE attrelid = c.conrelid AND attnum = ANY (c.conkey))
      UNION
      SELECT format('the foreign key %I of %s refers to it', c.conname, c.conrelid::regclass)
      FROM pg_constraint c
      WHERE c.contype = 'f' AND c.conparentid = 0 AND EXISTS (SELECT FROM leaving
        WHERE attrelid = c.confrelid AND attnum = ANY (c.confkey))
      UNION
      SELECT format('%I has a default, as a key', a.attname)
      FROM leaving JOIN pg_attribute a USING (attrelid, attnum)
      WHERE $3::boolean AND (a.atthasdef OR a.attidentity <> '')
      ORDER BY 1
      """;

  private LeftColumns() {}

  /**
   * What still needs them, a sentence each; empty if nothing does.
   *
   * @param old whether the old columns are left, else the new ones
   */
  static Uni<List<String>> needs(GateContext context, boolean old) {
    Migration migration = context.migration();
    List<String> left = old ? migration.oldNames() : migration.newNames();
    Uni<List<String>> flaws =
        context
            .client()
            .preparedQuery(KEYS)
            .execute(Tuple.of(migration.table(), left.toArray(String[]::new), migration.movesKey()))
            .map(rows -> rows.stream().map(row -> row.getString("flaw")).toList());
    return migration.movesKey() ? flaws.chain(found -> key(context, old, found)) : flaws;
  }

  private static Uni<List<String>> key(GateContext context, boolean old, List<String> found) {
    Migration migration = context.migration();
    List<String> staying = old ? migration.newKey() : migration.key();
    return UniqueKeyGate.judge(context.client(), migration, staying)
        .map(
            verdict ->
                verdict.open()
                    ? found
                    : Stream.concat(found.stream(), Stream.of(verdict.reason())).toList());
  }

  /** A gate that asks for optional columns, and for keys that do not need them. */
  static Uni<Verdict> verdict(
      Gate gate, GateContext context, boolean old, List<String> closed, String open) {
    return needs(context, old)
        .chain(
            needs -> {
              List<String> reasons = new ArrayList<>(closed);
              reasons.addAll(needs);
              return gate.verdict(
                  reasons.isEmpty(),
                  reasons.isEmpty() ? open : String.join("; ", reasons),
                  needs.isEmpty()
                      ? "run the command: expand"
                      : "move or drop each of them; if their changesets are there, run the command:"
                          + " expand");
            });
  }
}
