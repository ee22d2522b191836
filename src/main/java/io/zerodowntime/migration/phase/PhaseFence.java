package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Function;

/**
 * Sends the statement that fits the effective phase. The phase last seen is only a guess at which
 * variant to send: each statement reads the effective phase itself and does nothing if it is
 * another one; then the phase is looked at, and the fitting variant is sent. So the common case is
 * one round trip, and an instance that slept through any number of steps is fenced like every other
 * one.
 */
@ApplicationScoped
public class PhaseFence {
  /** A step takes a grace period, so a second attempt nearly always settles it. */
  private static final int ATTEMPTS = 10;

  private final PhaseStore store;
  private final Transactions transactions;
  private final Map<String, Phase> seen = new ConcurrentHashMap<>();

  PhaseFence(PhaseStore store, Transactions transactions) {
    this.store = store;
    this.transactions = transactions;
  }

  /**
   * Runs a write that must not be done twice.
   *
   * @param statement makes the variant for a phase; it must do nothing where the phase in its
   *     snapshot is another one
   * @return the value of the attempt whose phase fitted; fails with {@link
   *     MigrationException.Unsettled} if none did
   */
  public <T> Uni<T> write(Migration migration, Function<Phase, Uni<FencedResult<T>>> statement) {
    return settle(
        migration, phase -> transactions.once(() -> statement.apply(phase)), Phase::equals);
  }

  /** Like {@link #write}, for a write that may be sent twice: one under an idempotency key. */
  public <T> Uni<T> repeatableWrite(
      Migration migration, Function<Phase, Uni<FencedResult<T>>> statement) {
    return settle(
        migration, phase -> transactions.repeatable(() -> statement.apply(phase)), Phase::equals);
  }

  /** Runs a read: it fits if the authoritative column is the same in both phases. */
  public <T> Uni<T> read(Migration migration, Function<Phase, Uni<FencedResult<T>>> statement) {
    return settle(
        migration,
        phase -> transactions.repeatable(() -> statement.apply(phase)),
        (sent, actual) -> sent.readsNew() == actual.readsNew());
  }

  private <T> Uni<T> settle(
      Migration migration,
      Function<Phase, Uni<FencedResult<T>>> statement,
      BiPredicate<Phase, Phase> fits) {
    Phase known = seen.get(migration.name());
    return known == null
        ? refresh(migration).chain(phase -> attempt(migration, phase, statement, fits, 1))
        : attempt(migration, known, statement, fits, 1);
  }

  private <T> Uni<T> attempt(
      Migration migration,
      Phase phase,
      Function<Phase, Uni<FencedResult<T>>> statement,
      BiPredicate<Phase, Phase> fits,
      int attempt) {
    if (attempt > ATTEMPTS) {
      return Uni.createFrom().failure(new MigrationException.Unsettled(migration.name(), ATTEMPTS));
    }
    return statement
        .apply(phase)
        .onFailure(failure -> FailureKind.of(failure) == FailureKind.STALE && attempt < ATTEMPTS)
        .recoverWithUni(() -> refresh(migration).map(actual -> new FencedResult<>(actual, null)))
        .chain(
            answer -> {
              if (answer.phase() != phase) {
                seen.put(migration.name(), answer.phase());
              }
              if (answer.value() != null && fits.test(phase, answer.phase())) {
                return Uni.createFrom().item(answer.value());
              }
              return attempt(migration, answer.phase(), statement, fits, attempt + 1);
            });
  }

  private Uni<Phase> refresh(Migration migration) {
    return transactions
        .repeatable(() -> store.phase(migration.name()))
        .invoke(phase -> seen.put(migration.name(), phase));
  }
}
