package io.zerodowntime.migration.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationException.SchemaFailed;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.HistoryKind;
import io.zerodowntime.migration.phase.Instances;
import io.zerodowntime.migration.phase.PhaseStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Drops the old columns, last of all, and leaves a certificate. While it works no step can be
 * taken: it holds the reconciler's advisory lock on a session of its own, which a crash releases.
 */
@ApplicationScoped
public class OldColumnDrop {
  private static final Logger LOG = Logger.getLogger(OldColumnDrop.class);

  /** A process that is stopped while it holds the lock loses its session, and so the lock. */
  private static final String LOCK =
      """
      SELECT set_config('idle_session_timeout', '10min', false),
        pg_try_advisory_lock(hashtextextended('zerodowntime/' || $1, 0)) AS locked
      """;

  private static final String UNLOCK =
      """
      SELECT set_config('idle_session_timeout', '0', false),
        pg_advisory_unlock(hashtextextended('zerodowntime/' || $1, 0))
      """;

  private static final String FACTS =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """

          SELECT now() AS at, pg_current_wal_lsn()::text AS lsn, version() AS server,
            sum(GREATEST(reltuples::bigint, 0))::bigint AS rows
          FROM pg_class WHERE oid IN (SELECT relation FROM tree) AND relkind <> 'p'
          """;

  private static final String RUNS =
      """
      SELECT id, kind, epoch, scanned, changed, mismatched, finished_at
      FROM backfill_run
      WHERE migration = $1 AND whole_table AND state = 'complete'
      ORDER BY id DESC LIMIT 20
      """;

  /** A column that took the old one's name is no longer there under its own. */
  private static final String LEFT =
      """
      SELECT attname AS name FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attname = ANY ($2::text[])
        AND attnum > 0 AND NOT attisdropped
        AND EXISTS (SELECT FROM pg_attribute n
          WHERE n.attrelid = to_regclass($1) AND n.attname = ANY ($3::text[])
            AND NOT n.attisdropped)
      ORDER BY attnum
      """;

  private final Pool pool;
  private final PhaseStore store;
  private final Instances instances;
  private final GateEvaluator gates;
  private final SchemaChanges schema;
  private final ObjectMapper json;

  OldColumnDrop(
      Pool pool,
      PhaseStore store,
      Instances instances,
      GateEvaluator gates,
      SchemaChanges schema,
      ObjectMapper json) {
    this.pool = pool;
    this.store = store;
    this.instances = instances;
    this.gates = gates;
    this.schema = schema;
    this.json = json;
  }

  private static Certificate.PastRun run(Row row) {
    return new Certificate.PastRun(
        row.getLong("id"),
        RunKind.of(row.getString("kind")),
        row.getLong("epoch"),
        row.getLong("scanned"),
        row.getLong("changed"),
        row.getLong("mismatched"),
        row.getOffsetDateTime("finished_at"));
  }

  /**
   * Asks every gate, drops the columns and records the certificate.
   *
   * @param requestedBy who asked for it, for the certificate and the history
   * @return the certificate; fails with {@link Refused} and every closed gate, or if a step or
   *     another contract is in flight, and with {@link SchemaFailed} if the drop fails, which
   *     changes nothing then, or leaves an old column
   */
  public Uni<Certificate> contract(Migration migration, Actor requestedBy) {
    return pool.withConnection(
        session ->
            session
                .preparedQuery(LOCK)
                .execute(Tuple.of(migration.name()))
                .map(rows -> rows.iterator().next().getBoolean("locked"))
                .chain(
                    mine ->
                        mine
                            ? released(
                                session, migration, () -> guarded(session, migration, requestedBy))
                            : Uni.createFrom()
                                .failure(
                                    new Refused("a step or another contract is in progress"))));
  }

  private static <T> Uni<T> released(
      SqlConnection session, Migration migration, Supplier<Uni<T>> work) {
    return work.get().onItemOrFailure().call((done, failure) -> unlock(session, migration));
  }

  /** A session that cannot be asked any more has lost the lock. */
  private static Uni<Void> unlock(SqlConnection session, Migration migration) {
    return session
        .preparedQuery(UNLOCK)
        .execute(Tuple.of(migration.name()))
        .replaceWithVoid()
        .onFailure()
        .invoke(e -> LOG.warnf("%s: session lost after contract: %s", migration.name(), e))
        .onFailure()
        .recoverWithNull();
  }

  private Uni<Certificate> guarded(SqlConnection session, Migration migration, Actor requestedBy) {
    return store
        .state(session, migration)
        .chain(
            state ->
                instances
                    .live(session, migration)
                    .chain(live -> gates.dropVerdicts(session, migration, state, live))
                    .invoke(OldColumnDrop::refuseIfClosed)
                    .chain(
                        verdicts ->
                            certify(session, migration, state, verdicts, requestedBy.subject()))
                    .chain(certificate -> drop(migration, state, certificate, requestedBy)));
  }

  private static void refuseIfClosed(List<Verdict> verdicts) {
    List<Verdict> closed = verdicts.stream().filter(verdict -> !verdict.open()).toList();
    if (!closed.isEmpty()) {
      throw new Refused("%d gates are closed".formatted(closed.size()), closed);
    }
  }

  private Uni<Certificate> certify(
      SqlClient session,
      Migration migration,
      MigrationState state,
      List<Verdict> verdicts,
      String requestedBy) {
    return Uni.combine()
        .all()
        .unis(
            gates.evidence(session, migration, state),
            session.preparedQuery(FACTS).execute(Tuple.of(migration.table())),
            session.preparedQuery(RUNS).execute(Tuple.of(migration.name())))
        .usingConcurrencyOf(1)
        .with(
            (Evidence evidence, RowSet<Row> facts, RowSet<Row> runs) -> {
              Row fact = facts.iterator().next();
              return new Certificate(
                  migration.name(),
                  migration.table(),
                  migration.oldNames(),
                  migration.newNames(),
                  fact.getOffsetDateTime("at"),
                  requestedBy,
                  instances.self(),
                  state.epoch(),
                  fact.getLong("rows"),
                  fact.getString("lsn"),
                  fact.getString("server"),
                  evidence,
                  verdicts,
                  runs.stream().map(OldColumnDrop::run).toList());
            });
  }

  /** The certificate is there before the columns go, and goes with a drop that failed. */
  private Uni<Certificate> drop(
      Migration migration, MigrationState state, Certificate certificate, Actor requestedBy) {
    return pool.withTransaction(
            transaction ->
                store
                    .forgetDrop(transaction, state)
                    .chain(
                        () ->
                            store.record(
                                transaction,
                                state,
                                state.phase(),
                                state.phase(),
                                entry(certificate, requestedBy))))
        .chain(() -> schema.apply(migration, SchemaStage.CONTRACT))
        .chain(() -> refuseIfLeft(migration))
        .onFailure()
        .call(() -> forgetOrWarn(state))
        .invoke(
            () ->
                LOG.infof(
                    "%s: %s, requested by %s",
                    migration.name(),
                    ColumnNames.say(migration.oldNames(), "was dropped", "were dropped"),
                    certificate.requestedBy()))
        .replaceWith(certificate);
  }

  /** Changesets are a team's own: there may be none, or one that forgets a column. */
  private Uni<Void> refuseIfLeft(Migration migration) {
    return pool.preparedQuery(LEFT)
        .execute(
            Tuple.of(
                migration.table(),
                migration.oldNames().toArray(String[]::new),
                migration.newNames().toArray(String[]::new)))
        .map(rows -> rows.stream().map(row -> row.getString("name")).toList())
        .invoke(
            left -> {
              if (!left.isEmpty()) {
                throw new SchemaFailed(
                    "no changeset with the labels %s and contract drops %s of %s"
                        .formatted(migration.name(), String.join(", ", left), migration.table()),
                    false);
              }
            })
        .replaceWithVoid();
  }

  /** The reason of the failed drop is what the caller needs. */
  private Uni<Void> forgetOrWarn(MigrationState state) {
    return store
        .forgetDrop(pool, state)
        .onFailure()
        .invoke(e -> LOG.warnf("%s: the certificate of a failed drop stays: %s", state.name(), e))
        .onFailure()
        .recoverWithNull();
  }

  private PhaseStore.HistoryEntry entry(Certificate certificate, Actor requestedBy) {
    try {
      return new PhaseStore.HistoryEntry(
          HistoryKind.CONTRACT,
          instances.self(),
          "requested by " + certificate.requestedBy(),
          new JsonObject(json.writeValueAsString(certificate)),
          Optional.of(requestedBy));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a certificate that is no JSON", e);
    }
  }
}
