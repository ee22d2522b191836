package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Phases;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sends the statement that fits the effective phase. The phase last seen is only a guess at which
 * variant to send: each statement reads the effective phase itself and does nothing if it is
 * another one; then the phase is looked at, and the fitting variant is sent. So the common case is
 * one round trip, and an instance that slept through any number of steps is fenced like every other
 * one.
 *
 * <p>A statement that touches the columns of several migrations is fenced by each of them: it reads
 * all their phases in its one snapshot, and does nothing unless every one is as it was sent for.
 */
@ApplicationScoped
public class PhaseFence {
  /** A step takes a grace period, so a second attempt nearly always settles it. */
  private static final int ATTEMPTS = 10;

  /** The variant for the phase that was guessed, and the one for the phase that was found. */
  private static final int REPLICA_ATTEMPTS = 2;

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
    return new One<>(
            migration, phase -> transactions.once(() -> statement.apply(phase)), Phase::equals)
        .settle();
  }

  /**
   * The same for a write that touches the columns of several migrations.
   *
   * @param statement makes the variant for the phases; it must do nothing where one of them is
   *     another one in its snapshot
   */
  public <T> Uni<T> write(
      List<Migration> migrations, Function<Phases, Uni<FencedResults<T>>> statement) {
    return new Several<>(
            migrations, phases -> transactions.once(() -> statement.apply(phases)), Phases::equals)
        .settle();
  }

  /** Like {@link #write}, for a write that may be sent twice: one under an idempotency key. */
  public <T> Uni<T> repeatableWrite(
      Migration migration, Function<Phase, Uni<FencedResult<T>>> statement) {
    return new One<>(
            migration,
            phase -> transactions.repeatable(() -> statement.apply(phase)),
            Phase::equals)
        .settle();
  }

  /** The same for a write that touches the columns of several migrations. */
  public <T> Uni<T> repeatableWrite(
      List<Migration> migrations, Function<Phases, Uni<FencedResults<T>>> statement) {
    return new Several<>(
            migrations,
            phases -> transactions.repeatable(() -> statement.apply(phases)),
            Phases::equals)
        .settle();
  }

  /** Runs a read: it fits if the authoritative column is the same in both phases. */
  public <T> Uni<T> read(Migration migration, Function<Phase, Uni<FencedResult<T>>> statement) {
    return new One<>(
            migration,
            phase -> transactions.repeatable(() -> statement.apply(phase)),
            (sent, actual) -> sent.readsNew() == actual.readsNew())
        .settle();
  }

  /** Runs a read of several: it fits if each authoritative column is the same in both phases. */
  public <T> Uni<T> read(
      List<Migration> migrations, Function<Phases, Uni<FencedResults<T>>> statement) {
    return new Several<>(
            migrations,
            phases -> transactions.repeatable(() -> statement.apply(phases)),
            Phases::readsAs)
        .settle();
  }

  /**
   * Runs a read on a replica, whose snapshot may be of an earlier phase than the one in force, or
   * of the next one before the primary shows it. So the phase of its snapshots is remembered for
   * the replica alone, and what fails is not sent again here: the caller has other servers.
   *
   * @param replica names it
   */
  public <T> Uni<T> readOnReplica(
      Migration migration, String replica, Function<Phase, Uni<FencedResult<T>>> statement) {
    String key = migration.name() + "@" + replica;
    Phase known = seen.getOrDefault(key, seen.get(migration.name()));
    return known == null
        ? transactions
            .repeatable(() -> store.phase(migration.name()))
            .chain(phase -> onReplica(key, phase, statement, REPLICA_ATTEMPTS))
        : onReplica(key, known, statement, REPLICA_ATTEMPTS);
  }

  private <T> Uni<T> onReplica(
      String key, Phase phase, Function<Phase, Uni<FencedResult<T>>> statement, int left) {
    if (left == 0) {
      return Uni.createFrom().failure(new MigrationException.Unsettled(key, REPLICA_ATTEMPTS));
    }
    return statement
        .apply(phase)
        .onFailure(failure -> FailureKind.of(failure) == FailureKind.STALE)
        .invoke(stale -> seen.remove(key))
        .chain(
            answer -> {
              Phase actual = answer.inForce();
              if (!actual.equals(phase)) {
                seen.put(key, actual);
              }
              T value = answer.value();
              return value != null && phase.readsNew() == actual.readsNew()
                  ? Uni.createFrom().item(value)
                  : onReplica(key, actual, statement, left - 1);
            });
  }

  /**
   * One statement, sent until the phase that it found is the one that it was sent for.
   *
   * @param <P> the phase of one migration, or the phases of several
   */
  private abstract static class Statement<P, F extends Fenced<P, T>, T> {
    private final Function<P, Uni<F>> variant;
    private final BiPredicate<P, P> fits;

    Statement(Function<P, Uni<F>> variant, BiPredicate<P, P> fits) {
      this.variant = variant;
      this.fits = fits;
    }

    abstract String names();

    abstract @Nullable P known();

    abstract void see(P phase);

    abstract Uni<P> refresh();

    abstract F nothing(P phase);

    final Uni<T> settle() {
      P known = known();
      return known == null ? refresh().chain(phase -> attempt(phase, 1)) : attempt(known, 1);
    }

    private Uni<T> attempt(P phase, int number) {
      if (number > ATTEMPTS) {
        return Uni.createFrom().failure(new MigrationException.Unsettled(names(), ATTEMPTS));
      }
      return variant
          .apply(phase)
          .onFailure(failure -> FailureKind.of(failure) == FailureKind.STALE && number < ATTEMPTS)
          .recoverWithUni(() -> refresh().map(this::nothing))
          .chain(
              answer -> {
                P actual = answer.inForce();
                if (!actual.equals(phase)) {
                  see(actual);
                }
                T value = answer.value();
                return value != null && fits.test(phase, actual)
                    ? Uni.createFrom().item(value)
                    : attempt(actual, number + 1);
              });
    }
  }

  private final class One<T> extends Statement<Phase, FencedResult<T>, T> {
    private final String name;

    One(
        Migration migration,
        Function<Phase, Uni<FencedResult<T>>> variant,
        BiPredicate<Phase, Phase> fits) {
      super(variant, fits);
      this.name = migration.name();
    }

    @Override
    String names() {
      return name;
    }

    @Override
    @Nullable Phase known() {
      return seen.get(name);
    }

    @Override
    void see(Phase phase) {
      seen.put(name, phase);
    }

    @Override
    Uni<Phase> refresh() {
      return transactions.repeatable(() -> store.phase(name)).invoke(this::see);
    }

    @Override
    FencedResult<T> nothing(Phase phase) {
      return new FencedResult<>(phase, null);
    }
  }

  private final class Several<T> extends Statement<Phases, FencedResults<T>, T> {
    private final List<String> names;

    Several(
        List<Migration> migrations,
        Function<Phases, Uni<FencedResults<T>>> variant,
        BiPredicate<Phases, Phases> fits) {
      super(variant, fits);
      this.names = migrations.stream().map(Migration::name).toList();
    }

    @Override
    String names() {
      return String.join(", ", names);
    }

    /** Seen at different times, perhaps: a pair that never was in force matches nothing. */
    @Override
    @Nullable Phases known() {
      Map<String, Phase> known = new HashMap<>();
      for (String name : names) {
        Phase phase = seen.get(name);
        if (phase == null) {
          return null;
        }
        known.put(name, phase);
      }
      return new Phases(known);
    }

    @Override
    void see(Phases phases) {
      seen.putAll(phases.byName());
    }

    @Override
    Uni<Phases> refresh() {
      return transactions.repeatable(() -> store.phases(names)).invoke(this::see);
    }

    @Override
    FencedResults<T> nothing(Phases phases) {
      return new FencedResults<>(phases, null);
    }
  }
}
