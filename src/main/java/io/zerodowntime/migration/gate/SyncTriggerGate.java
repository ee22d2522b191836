package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.Verdict;

/**
 * The triggers that the definition asks for are there and enabled, for inserts and for updates:
 * without them a writer that knows nothing of the migration spoils rows. Where a subscription
 * writes the table or a partition of it, they are enabled for that too.
 */
final class SyncTriggerGate implements Gate {
  /** What logical replication applies fires a trigger only if that is enabled ALWAYS. */
  private static final String ENABLED =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """
      , triggers AS (
        SELECT t.tgrelid, t.tgenabled FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgrelid IN (SELECT relation FROM tree) AND p.proname = $2
      )
      SELECT
        (SELECT count(*) = 2 FROM triggers
         WHERE tgrelid = to_regclass($1) AND tgenabled IN ('O', 'A')) AS enabled,
        (SELECT string_agg(DISTINCT s.srrelid::regclass::text, ', ') FROM pg_subscription_rel s
         WHERE s.srrelid IN (SELECT relation FROM tree)
           AND (SELECT count(*) FROM triggers t
             WHERE t.tgrelid = s.srrelid AND t.tgenabled = 'A') < 2) AS applied
      """;

  @Override
  public String name() {
    return "sync-trigger";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    String function = context.migration().syncName();
    return context
        .client()
        .preparedQuery(ENABLED)
        .execute(Tuple.of(context.migration().table(), function))
        .map(rows -> rows.iterator().next())
        .chain(row -> judge(function, row));
  }

  private Uni<Verdict> judge(String function, Row row) {
    boolean enabled = row.getBoolean("enabled");
    String applied = row.getString("applied");
    if (enabled && applied != null) {
      return verdict(
          false,
          "a subscription writes %s, and passes over the triggers %s".formatted(applied, function),
          "ALTER TABLE %s ENABLE ALWAYS TRIGGER, for both of them".formatted(applied));
    }
    return verdict(
        enabled,
        "the triggers %s are %s".formatted(function, enabled ? "enabled" : "missing or disabled"),
        "enable them, or run expand: its changeset 010-sync creates them");
  }
}
