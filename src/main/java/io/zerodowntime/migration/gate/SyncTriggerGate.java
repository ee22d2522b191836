package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Verdict;

/**
 * The triggers that the definition asks for are there and enabled, for inserts and for updates:
 * without them a writer that knows nothing of the migration spoils rows.
 */
final class SyncTriggerGate implements Gate {
  private static final String ENABLED =
      """
      SELECT count(*) = 2 AS enabled
      FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = to_regclass($1) AND p.proname = $2 AND t.tgenabled IN ('O', 'A')
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
        .map(rows -> rows.iterator().next().getBoolean("enabled"))
        .chain(
            enabled ->
                verdict(
                    enabled,
                    "the triggers %s are %s"
                        .formatted(function, enabled ? "enabled" : "missing or disabled"),
                    "enable them, or run expand: its changeset 010-sync creates them"));
  }
}
