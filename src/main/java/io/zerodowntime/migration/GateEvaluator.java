package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.zerodowntime.tracing.Trace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks the gates of a step. */
public interface GateEvaluator {

  /**
   * Every verdict of a step, in the order in which the gates stand.
   *
   * @param client the transaction whose view the gates judge, or the pool for a mere look
   * @param live the instances whose heartbeat is fresh
   */
  default Uni<List<Verdict>> verdicts(
      SqlClient client,
      Migration migration,
      MigrationState state,
      Step step,
      List<LiveInstance> live) {
    return verdicts(client, migration, state, step, live, null);
  }

  /**
   * The same, with a part of a trace for each gate.
   *
   * @param trace null where nothing is traced
   */
  Uni<List<Verdict>> verdicts(
      SqlClient client,
      Migration migration,
      MigrationState state,
      Step step,
      List<LiveInstance> live,
      @Nullable Trace trace);

  /** Every verdict before the old column may be dropped. */
  Uni<List<Verdict>> dropVerdicts(
      SqlClient client, Migration migration, MigrationState state, List<LiveInstance> live);

  /** Whether these columns, by their declaration, give every row one place: runs depend on it. */
  Uni<Verdict> key(SqlClient client, Migration migration, List<String> columns);

  /** The gates that stand before a step, in the order in which they are asked. */
  List<String> names(Migration migration, Step step);

  /** The gates that stand before the drop of the old columns. */
  List<String> dropNames();

  /** Lets PostgreSQL judge the definition now; changes nothing, and fails if it cannot be asked. */
  Uni<Definition> definition(Migration migration);

  /** What was proven in the state's epoch. */
  Uni<Evidence> evidence(SqlClient client, Migration migration, MigrationState state);
}
