package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Verdict;
import java.time.Duration;

/**
 * Within the window each statement that wrote the table wrote both sides: the triggers of {@code
 * sync: detect} recorded none that did not. They look from the drain of phase 1 on.
 */
final class WritersKnownGate implements Gate {
  /**
   * A writer that is recorded holds an advisory lock until its transaction ends, so one that has
   * not committed counts too.
   */
  private static final String SEEN =
      """
      SELECT clock_timestamp() - s.drained_at < make_interval(secs => $2) AS early,
        EXISTS (SELECT FROM pg_locks l
          WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid = (hashtext('zerodowntime/unfenced/' || $1)::bigint & 4294967295)::oid
        ) AS writing,
        w.application, w.role, w.statement, extract(epoch FROM clock_timestamp() - w.last_at)::float8 AS age
      FROM migration_state s
      LEFT JOIN LATERAL (SELECT * FROM unfenced_writer u
        WHERE u.migration = s.name AND u.last_at > clock_timestamp() - make_interval(secs => $2)
        ORDER BY u.last_at DESC LIMIT 1) w ON true
      WHERE s.name = $1
      """;

  @Override
  public String name() {
    return "writers-known";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context
        .client()
        .preparedQuery(SEEN)
        .execute(
            Tuple.of(context.migration().name(), context.detectionWindow().toMillis() / 1000.0))
        .map(rows -> rows.iterator().next())
        .chain(row -> judge(row, context.detectionWindow()));
  }

  private Uni<Verdict> judge(Row row, Duration window) {
    String remedy = "give the writer the fence, or its table triggers: docs/adopting.md";
    if (row.getString("application") != null) {
      return verdict(
          false,
          "%s (role %s) wrote one side only %.0f s ago: %s"
              .formatted(
                  row.getString("application"),
                  row.getString("role"),
                  row.getDouble("age"),
                  row.getString("statement")),
          remedy);
    }
    if (row.getBoolean("writing")) {
      return verdict(false, "a transaction that is open wrote one side only", remedy);
    }
    // not drained: the comparison is NULL
    boolean early = !Boolean.FALSE.equals(row.getBoolean("early"));
    return verdict(
        !early,
        early
            ? "the triggers have looked for less than " + window.toSeconds() + " s since the drain"
            : "no statement wrote one side only within " + window.toSeconds() + " s",
        "wait: WRITERS_WINDOW says how long the triggers look");
  }
}
