package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.Verdict;
import java.util.List;

/** Nothing in the catalog still names an old column. */
final class NoDependentsGate implements Gate {
  /*
   * pg_depend knows views, rules, indexes, constraints, triggers (UPDATE OF, WHEN), policies,
   * generated columns, statistics, publications and functions with a parsed body. A body that is
   * text is searched for the name, in any case; a match in a comment counts too. A column's own
   * default and NOT NULL, the indexes that the migration names and the triggers of its sync go with
   * the columns. The engine's own function has words that a column may be called by. Partitions may
   * have dependents of their own; what they have of the table's is named once, for the table.
   */
  private static final String DEPENDENTS =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """
      , leaving AS (
        SELECT attrelid, attnum, attname::text AS name FROM pg_attribute
        WHERE attrelid IN (SELECT relation FROM tree) AND attname = ANY ($2::text[])
          AND NOT attisdropped
      )
      SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS dependent
      FROM pg_depend d JOIN leaving l
        ON d.refclassid = 'pg_class'::regclass AND d.refobjid = l.attrelid
        AND d.refobjsubid = l.attnum
      LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid
      LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
      LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
      WHERE (i.relname IS NULL OR NOT i.relname = ANY ($3))
        AND (f.adrelid, f.adnum) IS DISTINCT FROM (l.attrelid, l.attnum)
        AND c.contype IS DISTINCT FROM 'n'
        AND NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc s ON s.oid = g.tgfoid
          WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid AND s.proname LIKE 'zd\\_sync\\_%')
        AND (l.attrelid = to_regclass($1) OR NOT EXISTS (
          SELECT FROM pg_inherits WHERE inhrelid = i.oid AND i.relkind IN ('i', 'I')
          UNION ALL SELECT FROM pg_constraint WHERE oid = c.oid AND coninhcount > 0
          UNION ALL SELECT FROM pg_trigger WHERE d.classid = 'pg_trigger'::regclass
            AND oid = d.objid AND tgparentid <> 0))
      UNION
      SELECT 'the body of ' || pg_describe_object('pg_proc'::regclass, p.oid, 0)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.proname NOT LIKE 'zd\\_sync\\_%'
        AND p.oid IS DISTINCT FROM to_regprocedure('record_unfenced_write(text,text)')
        AND EXISTS (SELECT FROM leaving l
          WHERE CASE WHEN l.name ~ '^\\w+$' THEN p.prosrc ~* ('\\m' || l.name || '\\M')
            ELSE strpos(p.prosrc, replace(l.name, '"', '""')) > 0 END)
      ORDER BY 1
      """;

  @Override
  public String name() {
    return "no-dependents";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context
        .client()
        .preparedQuery(DEPENDENTS)
        .execute(
            Tuple.of(
                context.migration().table(),
                context.migration().oldNames().toArray(String[]::new),
                context.migration().oldIndexes().toArray(String[]::new)))
        .chain(
            rows -> {
              List<String> found = rows.stream().map(row -> row.getString("dependent")).toList();
              return verdict(
                  found.isEmpty(),
                  found.isEmpty() ? nothing(context) : String.join("; ", found),
                  "drop or change each of them first");
            });
  }

  private static String nothing(GateContext context) {
    return "nothing depends on " + (context.migration().oldColumns().size() == 1 ? "it" : "them");
  }
}
