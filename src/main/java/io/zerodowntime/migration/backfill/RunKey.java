package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Verdict;
import java.util.List;

/**
 * Chooses the key that a run follows, once for all of its batches. Where a migration moves the key,
 * it is the new side's as soon as the database holds that this one reaches every row: a row of
 * phase 3 has no other. Before that it is the old side's, as the backfill is yet to come.
 */
final class RunKey {
  private RunKey() {}

  /** The key; fails with {@link Refused} where none gives every row one place. */
  static Uni<KeySql> choose(GateEvaluator gates, SqlClient client, Migration migration) {
    return migration.movesKey()
        ? gates
            .key(client, migration, migration.newKey())
            .chain(
                verdict ->
                    verdict.open()
                        ? KeySql.of(client, migration, migration.newKey())
                        : required(gates, client, migration))
        : required(gates, client, migration);
  }

  private static Uni<KeySql> required(GateEvaluator gates, SqlClient client, Migration migration) {
    List<String> key = migration.key();
    return gates
        .key(client, migration, key)
        .invoke(RunKey::refuseIfClosed)
        .chain(() -> KeySql.of(client, migration, key));
  }

  private static void refuseIfClosed(Verdict key) {
    if (!key.open()) {
      throw new Refused("a run cannot reach every row: " + key.reason() + "; " + key.remedy());
    }
  }
}
