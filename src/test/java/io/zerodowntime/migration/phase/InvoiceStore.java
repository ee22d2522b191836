package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Phases;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A table with two migrations: its statements are fenced by each migration that they touch. */
final class InvoiceStore {
  private static final String BOTH =
      """
      s.name = 'invoice-status' AND s.phase = $1::smallint
      AND a.name = 'invoice-amount' AND a.phase = $2::smallint
      """;

  /** It writes a whole row, so it touches both. */
  private static final String INSERT =
      """
      INSERT INTO invoice (id, %s) SELECT $3::bigint, %s
      FROM migration_state AS s, migration_state AS a WHERE %s
      """;

  private static final String UPDATE =
      """
      UPDATE invoice AS i SET %s FROM migration_state AS s, migration_state AS a
      WHERE i.id = $3::bigint AND %s
      """;

  private static final String UPDATE_STATUS =
      """
      UPDATE invoice AS i SET %s FROM migration_state AS s
      WHERE i.id = $2::bigint AND s.name = 'invoice-status' AND s.phase = $1::smallint
      """;

  /** One snapshot for the row and both phases. */
  private static final String FIND =
      """
      SELECT s.phase AS status_phase, a.phase AS amount_phase, i.id, %s AS status, %s AS cents
      FROM migration_state AS s CROSS JOIN migration_state AS a
      LEFT JOIN invoice AS i ON i.id = $1::bigint
      WHERE s.name = 'invoice-status' AND a.name = 'invoice-amount'
      """;

  /** Why a write did nothing: every variant can ask, as it names no migrated column. */
  private static final String REASON = FIND.formatted("NULL::text", "NULL::bigint");

  private final Migration status;
  private final Migration amount;
  private final PhaseFence fence;
  private final Pool pool;

  InvoiceStore(Migrations migrations, PhaseFence fence, Pool pool) {
    this.status = migrations.named("invoice-status");
    this.amount = migrations.named("invoice-amount");
    this.fence = fence;
    this.pool = pool;
  }

  Uni<Boolean> create(long id, Invoice invoice) {
    return fence.write(
        List.of(status, amount),
        phases ->
            send(insert(phases), numbers(phases).addLong(id), invoice)
                .chain(written -> answer(written, phases, id, false)));
  }

  /** False if there is no such invoice. */
  Uni<Boolean> change(long id, Invoice invoice) {
    return fence.write(
        List.of(status, amount),
        phases ->
            send(update(phases), numbers(phases).addLong(id), invoice)
                .chain(written -> answer(written, phases, id, true)));
  }

  /** Touches one migration, and is fenced by that one; the row must be there. */
  Uni<Boolean> changeStatus(long id, String value) {
    return fence.write(
        status,
        phase ->
            pool.preparedQuery(UPDATE_STATUS.formatted(assignStatus(phase, "$3::text")))
                .execute(Tuple.of((short) phase.number(), id, value))
                .chain(rows -> answer(rows.rowCount() > 0, phase, id)));
  }

  Uni<Optional<Invoice>> find(long id) {
    return fence.read(
        List.of(status, amount),
        phases ->
            pool.preparedQuery(find(phases))
                .execute(Tuple.of(id))
                .map(rows -> rows.iterator().next())
                .map(this::found));
  }

  /** The statement of these phases without the fence's retries: whether it wrote. */
  Uni<Boolean> insertOnce(Phases sent, long id, Invoice invoice) {
    return send(insert(sent), numbers(sent).addLong(id), invoice);
  }

  Uni<Boolean> updateOnce(Phases sent, long id, Invoice invoice) {
    return send(update(sent), numbers(sent).addLong(id), invoice);
  }

  Phases phases(Phase ofStatus, Phase ofAmount) {
    return new Phases(Map.of(status.name(), ofStatus, amount.name(), ofAmount));
  }

  private Phases phases(Row row) {
    return phases(Phase.of(row.getShort("status_phase")), Phase.of(row.getShort("amount_phase")));
  }

  private Uni<Boolean> send(String sql, Tuple parameters, Invoice invoice) {
    return pool.preparedQuery(sql)
        .execute(parameters.addString(invoice.status()).addLong(invoice.cents()))
        .map(rows -> rows.rowCount() > 0);
  }

  private Uni<FencedResults<Boolean>> answer(
      boolean written, Phases sent, long id, boolean needsRow) {
    return written
        ? Uni.createFrom().item(new FencedResults<>(sent, true))
        : pool.preparedQuery(REASON)
            .execute(Tuple.of(id))
            .map(rows -> rows.iterator().next())
            .map(
                row ->
                    needsRow && phases(row).equals(sent) && row.getLong("id") == null
                        ? new FencedResults<>(sent, false)
                        : new FencedResults<>(phases(row), null));
  }

  private Uni<FencedResult<Boolean>> answer(boolean written, Phase sent, long id) {
    return written
        ? Uni.createFrom().item(new FencedResult<>(sent, true))
        : pool.preparedQuery(REASON)
            .execute(Tuple.of(id))
            .map(rows -> phases(rows.iterator().next()))
            .map(found -> new FencedResult<>(found.of(status), null));
  }

  private Tuple numbers(Phases phases) {
    return Tuple.of((short) phases.of(status).number(), (short) phases.of(amount).number());
  }

  private String insert(Phases phases) {
    Phase s = phases.of(status);
    Phase a = phases.of(amount);
    return INSERT.formatted(
        variant(s, "old_status", "status") + ", " + variant(a, "amount", "amount_cents"),
        variant(s, "upper($4::text)", "$4::text")
            + ", "
            + variant(a, "$5::bigint / 100.0", "$5::bigint"),
        BOTH);
  }

  private String update(Phases phases) {
    return UPDATE.formatted(
        assignStatus(phases.of(status), "$4::text")
            + ", "
            + variant(
                phases.of(amount), "amount = $5::bigint / 100.0", "amount_cents = $5::bigint"),
        BOTH);
  }

  private static String assignStatus(Phase phase, String value) {
    return variant(phase, "old_status = upper(%s)".formatted(value), "status = " + value);
  }

  private String find(Phases phases) {
    return FIND.formatted(
        phases.of(status).readsNew() ? "i.status" : "lower(i.old_status)",
        phases.of(amount).readsNew() ? "i.amount_cents" : "(i.amount * 100)::bigint");
  }

  private static String variant(Phase phase, String old, String now) {
    return switch (phase) {
      case EXPAND -> old;
      case DUAL_WRITE, READ_NEW -> old + ", " + now;
      case CONTRACT -> now;
    };
  }

  /** No value where the columns of the variant are empty: the row is from a later phase. */
  private FencedResults<Optional<Invoice>> found(Row row) {
    if (row.getLong("id") == null) {
      return new FencedResults<>(phases(row), Optional.empty());
    }
    String value = row.getString("status");
    Long cents = row.getLong("cents");
    return value == null || cents == null
        ? new FencedResults<>(phases(row), null)
        : new FencedResults<>(phases(row), Optional.of(new Invoice(value, cents)));
  }

  /** What a client sees of an invoice. */
  record Invoice(String status, long cents) {}
}
