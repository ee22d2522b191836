package io.zerodowntime.migration.phase;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.EpochEnd;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.OperatorAction;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Phases;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The rows of {@code migration_state}: read by all, changed by one reconciler at a time. */
@ApplicationScoped
public class PhaseStore implements StateSource {
  private static final String PHASE = "SELECT phase FROM migration_state WHERE name = $1";

  /** All of one snapshot: a pair of two snapshots may never have been in force. */
  private static final String PHASES =
      "SELECT name, phase FROM migration_state WHERE name = ANY ($1)";

  private static final String TRY_LOCK =
      "SELECT pg_try_advisory_xact_lock(hashtextextended('zerodowntime/' || $1, 0)) AS locked";

  private static final String STEP =
      """
      UPDATE migration_state
      SET phase = $3, epoch = epoch + 1, changed_at = now(), draining = NULL, drained_at = NULL,
          old_stale = $4
      WHERE name = $1 AND epoch = $2 AND contracted_at IS NULL
      """;

  private static final String REFILLED =
      """
      UPDATE migration_state SET old_stale = false WHERE name = $1 AND epoch = $2 AND old_stale
      """;

  private static final String HISTORY =
      """
      INSERT INTO migration_history
        (migration, kind, epoch, from_phase, to_phase, instance, reason, evidence, subject, action)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      """;

  private static final String TRACE =
      """
      SELECT evidence ->> 'traceparent' AS traceparent FROM migration_history
      WHERE migration = $1 AND epoch = $2 AND kind = $3 ORDER BY id DESC LIMIT 1
      """;

  private static final String FORGET_DROP =
      """
      DELETE FROM migration_history h USING migration_state s
      WHERE h.migration = $1 AND h.epoch = $2 AND h.kind = $3
        AND s.name = h.migration AND s.contracted_at IS NULL
      """;

  private static final String STATE =
      """
      SELECT name, phase, epoch, old_stale, changed_at, cardinality(draining) AS draining,
        drained_at, contracted_at
      FROM migration_state WHERE name = ANY ($1)
      """;

  private final Pool pool;
  private final SqlClient reads;
  private final EpochEnd epochEnd;

  PhaseStore(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      @Identifier(DatabasePools.READS) SqlClient reads,
      EpochEnd epochEnd) {
    this.pool = pool;
    this.reads = reads;
    this.epochEnd = epochEnd;
  }

  private static MigrationState state(Row row) {
    return new MigrationState(
        row.getString("name"),
        Phase.of(row.getInteger("phase")),
        row.getLong("epoch"),
        row.getBoolean("old_stale"),
        row.getOffsetDateTime("changed_at"),
        Optional.ofNullable(row.getInteger("draining")),
        Optional.ofNullable(row.getOffsetDateTime("drained_at")),
        Optional.ofNullable(row.getOffsetDateTime("contracted_at")));
  }

  Uni<Phase> phase(String name) {
    return reads
        .preparedQuery(PHASE)
        .execute(Tuple.of(name))
        .map(rows -> Phase.of(only(rows, name).getInteger("phase")));
  }

  /** The phases of several in one snapshot; fails with {@link MigrationException.Unknown}. */
  Uni<Phases> phases(List<String> names) {
    return reads
        .preparedQuery(PHASES)
        .execute(Tuple.of(names.toArray(String[]::new)))
        .map(rows -> phases(rows, names));
  }

  private static Phases phases(RowSet<Row> rows, List<String> names) {
    Phases found =
        new Phases(
            rows.stream()
                .collect(
                    Collectors.toMap(
                        row -> row.getString("name"), row -> Phase.of(row.getInteger("phase")))));
    names.stream()
        .filter(name -> !found.byName().containsKey(name))
        .findFirst()
        .ifPresent(PhaseStore::unknown);
    return found;
  }

  /** The state by a snapshot of its own; fails with {@link MigrationException.Unknown}. */
  public Uni<MigrationState> state(Migration migration) {
    return state(pool, migration);
  }

  @Override
  public Uni<MigrationState> state(SqlClient client, Migration migration) {
    return rows(client, List.of(migration)).map(rows -> state(only(rows, migration.name())));
  }

  @Override
  public Uni<Map<String, MigrationState>> states(SqlClient client, List<Migration> migrations) {
    return rows(client, migrations)
        .map(
            rows ->
                rows.stream()
                    .map(PhaseStore::state)
                    .collect(Collectors.toMap(MigrationState::name, Function.identity())));
  }

  private static Uni<RowSet<Row>> rows(SqlClient client, List<Migration> migrations) {
    String[] names = migrations.stream().map(Migration::name).toArray(String[]::new);
    return client.preparedQuery(STATE).execute(Tuple.of(names));
  }

  /** Takes the right to reconcile until the transaction ends; false if another one has it. */
  public Uni<Boolean> tryLock(SqlConnection transaction, Migration migration) {
    return transaction
        .preparedQuery(TRY_LOCK)
        .execute(Tuple.of(migration.name()))
        .map(rows -> rows.iterator().next().getBoolean("locked"));
  }

  /**
   * Takes a step, writes its history and ends what belonged to the epoch before, if the epoch still
   * is the one of {@code seen}.
   *
   * @return false if another step came first; nothing is changed then
   */
  Uni<Boolean> step(SqlConnection transaction, MigrationState seen, Step step, HistoryEntry entry) {
    boolean oldStale = step.to() == Phase.CONTRACT || (seen.oldStale() && step.to().readsNew());
    return transaction
        .preparedQuery(STEP)
        .execute(Tuple.of(seen.name(), seen.epoch(), step.to().number(), oldStale))
        .chain(
            updated ->
                updated.rowCount() == 0
                    ? Uni.createFrom().item(false)
                    : record(transaction, seen, step.from(), step.to(), entry)
                        .chain(() -> epochEnd.ended(transaction, seen.name()))
                        .replaceWith(true));
  }

  /** Notes that the old column is complete again, if the epoch still is the one of {@code seen}. */
  Uni<Void> refilled(SqlConnection transaction, MigrationState seen) {
    return transaction
        .preparedQuery(REFILLED)
        .execute(Tuple.of(seen.name(), seen.epoch()))
        .replaceWithVoid();
  }

  /** Adds a line to the history. */
  public Uni<Void> record(
      SqlConnection transaction, MigrationState seen, Phase from, Phase to, HistoryEntry entry) {
    return transaction
        .preparedQuery(HISTORY)
        .execute(
            Tuple.tuple()
                .addValue(seen.name())
                .addValue(entry.kind().label())
                .addValue(from == to ? seen.epoch() : seen.epoch() + 1)
                .addValue(from.number())
                .addValue(to.number())
                .addValue(entry.instance())
                .addValue(entry.reason())
                .addValue(entry.evidence())
                .addValue(entry.actor().map(Actor::subject).orElse(null))
                .addValue(entry.actor().map(who -> OperatorAction.CONTRACT.label()).orElse(null)))
        .replaceWithVoid();
  }

  /** The trace of the step that began the state's epoch; empty if it was not traced. */
  Uni<Optional<String>> stepTrace(SqlConnection transaction, MigrationState state) {
    return transaction
        .preparedQuery(TRACE)
        .execute(Tuple.of(state.name(), state.epoch(), HistoryKind.STEP.label()))
        .map(rows -> rows.stream().findFirst().map(row -> row.getString("traceparent")));
  }

  /**
   * Deletes the certificate that was written before a drop in the state's epoch, unless the column
   * is dropped.
   */
  public Uni<Void> forgetDrop(SqlClient client, MigrationState state) {
    return client
        .preparedQuery(FORGET_DROP)
        .execute(Tuple.of(state.name(), state.epoch(), HistoryKind.CONTRACT.label()))
        .replaceWithVoid();
  }

  private static Row only(RowSet<Row> rows, String name) {
    return rows.size() == 1 ? rows.iterator().next() : unknown(name);
  }

  private static Row unknown(String name) {
    throw new MigrationException.Unknown(name);
  }

  /**
   * Who took a step, or dropped the column, and why.
   *
   * @param evidence the verdicts of every gate, or the certificate
   * @param actor who asked for a drop; empty for a step, which every live instance asked for
   */
  public record HistoryEntry(
      HistoryKind kind,
      String instance,
      String reason,
      JsonObject evidence,
      Optional<Actor> actor) {}
}
