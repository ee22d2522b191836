import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Statements of Vert.x's reactive PostgreSQL client that act by the phase in force
 * (docs/protocol.md#the-fence). Copy it. Threads may share it.
 */
public final class Fence {
  private static final int ATTEMPTS = 10;
  private static final String UNDEFINED_COLUMN = "42703";
  private static final String STALE_PLAN = "0A000";
  private static final Pattern BEHIND = Pattern.compile("\\bfence\\b");

  private final String migration;
  private final String state;
  private volatile int seen; // the phase seen last: a guess, which each statement checks

  /** Takes the migration's name, as in its definition. */
  public Fence(String migration) {
    if (!migration.matches("[a-z][a-z0-9-]*")) {
      throw new IllegalArgumentException("not a migration's name: " + migration);
    }
    this.migration = migration;
    this.state = "(SELECT phase FROM migration_state WHERE name = '" + migration
        + "' AND current_setting('transaction_isolation') = 'read committed')";
  }

  /**
   * Sends the statement of the phase in force and gives its rows; none if none matched. The
   * variants are four, by phase: each takes its rows FROM fence, which is empty in every other
   * phase, and returns what it wrote or read. The client is a pool or a connection, at READ
   * COMMITTED. Any other failure is the caller's: it is not known here whether a statement may be
   * sent twice.
   */
  public Future<List<Row>> send(SqlClient client, List<String> variants, Tuple values) {
    return attempt(client, variants, values, new int[] {0, -1});
  }

  /** progress: how many attempts were made, and the phase whose variant named a column that is not there. */
  private Future<List<Row>> attempt(SqlClient client, List<String> variants, Tuple values, int[] progress) {
    if (progress[0]++ == ATTEMPTS) {
      return Future.failedFuture("the phase keeps changing");
    }
    int phase = seen;
    return client.preparedQuery(statement(variants.get(phase), phase)).execute(values).compose(
        found -> {
          List<Row> rows = new ArrayList<>();
          found.forEach(rows::add);
          Short actual = rows.get(0).getShort("in_force");
          if (actual == null) {
            return Future.failedFuture("the migration is not registered, or not at READ COMMITTED");
          }
          if (actual == phase) {
            return Future.succeededFuture(rows.get(0).getBoolean("matched") == null ? List.of() : rows);
          }
          seen = actual;
          return attempt(client, variants, values, progress);
        },
        failure -> {
          String code = failure instanceof PgException e ? e.getSqlState() : "";
          if (UNDEFINED_COLUMN.equals(code) && phase != 3 && phase != progress[1]) {
            progress[1] = phase;
            seen = 3; // dropped, perhaps: the variant of phase 3 tells
          } else if (!STALE_PLAN.equals(code)) { // of before a schema change, where statements are cached
            return Future.failedFuture(failure);
          }
          return attempt(client, variants, values, progress);
        });
  }

  /** One snapshot gives phase and rows. */
  private String statement(String variant, int phase) {
    if (!BEHIND.matcher(variant).find()) {
      throw new IllegalArgumentException("not behind the fence: " + variant);
    }
    return "WITH fence AS (SELECT 1 WHERE " + state + " = " + phase + "), written AS (" + variant + ")"
        + " SELECT now.phase AS in_force, found.* FROM (SELECT " + state + " AS phase) AS now"
        + " LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true";
  }

  /** Optional: until some seconds after the last one, no step is taken that this instance does not ask for. */
  public Future<Void> heartbeat(SqlClient client, String instance, int phase) {
    return client
        .preparedQuery("INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)"
            + " VALUES ($1, $2, $3, 3, 'helper') ON CONFLICT (migration, instance) DO UPDATE"
            + " SET requested_phase = excluded.requested_phase, heartbeat_at = now()")
        .execute(Tuple.of(migration, instance, (short) phase))
        .mapEmpty();
  }
}
