package io.zerodowntime.db;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The one way to run a transaction or a single statement. A failure whose outcome is known is
 * retried with jittered exponential back-off until the request's deadline, outside a request for at
 * most {@link #MAX_RETRY_TIME}; one whose outcome is unknown only where the caller says that a
 * repetition is harmless.
 *
 * <p>A request is retried once after a lock timeout, so that it survives a schema change that waits
 * for its lock, and not at all after it waited for a connection in vain, or while the database is
 * {@linkplain CircuitBreaker#isLasting away for long}.
 */
@ApplicationScoped
public class Transactions {
  /** How long one call goes on trying: longer than a fail-over of a healthy cluster takes. */
  public static final Duration MAX_RETRY_TIME = Duration.ofSeconds(8);

  private static final Duration FIRST_BACK_OFF = Duration.ofMillis(10);
  private static final Duration LAST_BACK_OFF = Duration.ofMillis(500);

  /**
   * A wait for a connection, one for a lock, and some work. A second attempt that is cut by the
   * deadline would leave an unknown outcome in place of a clear one.
   */
  private static final Duration ONE_ATTEMPT = Duration.ofMillis(2500);

  private final Pool pool;
  private final CircuitBreaker breaker;

  Transactions(Pool pool, CircuitBreaker breaker) {
    this.pool = pool;
    this.breaker = breaker;
  }

  /** Those of the heartbeat and the reconciler, on connections of their own. */
  @Produces
  @Singleton
  @Identifier(DatabasePools.CONTROL)
  static Transactions control(
      @Identifier(DatabasePools.CONTROL) Pool pool, CircuitBreaker breaker) {
    return new Transactions(pool, breaker);
  }

  /** Runs {@code work} between BEGIN and COMMIT; it must be harmless to run it again. */
  public <T> Uni<T> inTransaction(Function<SqlConnection, Uni<T>> work) {
    return once(() -> pool.withTransaction(work));
  }

  /** Runs a statement that must not be done twice: retried only if it was certainly not done. */
  public <T> Uni<T> once(Supplier<Uni<? extends T>> statement) {
    return retrying(statement, failure -> FailureKind.of(failure) == FailureKind.NOT_DONE);
  }

  /** Runs a statement that may be done twice: a read, or a write under an idempotency key. */
  public <T> Uni<T> repeatable(Supplier<Uni<? extends T>> statement) {
    return retrying(
        statement,
        failure ->
            FailureKind.of(failure) == FailureKind.NOT_DONE
                || FailureKind.of(failure) == FailureKind.UNKNOWN);
  }

  private <T> Uni<T> retrying(
      Supplier<Uni<? extends T>> statement, Predicate<Throwable> repeatable) {
    return attempt(statement, new Retries(repeatable), FIRST_BACK_OFF);
  }

  /*
   * By hand, because Mutiny's retry with back-off costs several operators on every call, and this
   * one nothing but a failure handler where nothing fails.
   */
  private static <T> Uni<T> attempt(
      Supplier<Uni<? extends T>> statement, Retries retries, Duration backOff) {
    return Uni.createFrom()
        .<T>deferred(statement)
        .onFailure(retries::allow)
        .recoverWithUni(
            () ->
                Pause.of(jittered(backOff))
                    .chain(() -> attempt(statement, retries, next(backOff))));
  }

  /** Half to one and a half times the back-off, so that those who failed together part. */
  private static Duration jittered(Duration backOff) {
    double factor = ThreadLocalRandom.current().nextDouble(0.5, 1.5);
    return Duration.ofNanos((long) (backOff.toNanos() * factor));
  }

  private static Duration next(Duration backOff) {
    Duration doubled = backOff.multipliedBy(2);
    return doubled.compareTo(LAST_BACK_OFF) < 0 ? doubled : LAST_BACK_OFF;
  }

  /** What one call may still do about failures. */
  private final class Retries {
    private final Predicate<Throwable> repeatable;
    private final Optional<RequestDeadline> request = RequestDeadline.current();
    private final long began = System.nanoTime();
    private boolean lockTimeout;

    Retries(Predicate<Throwable> repeatable) {
      this.repeatable = repeatable;
    }

    boolean allow(Throwable failure) {
      return repeatable.test(failure)
          && request
              .map(deadline -> !deadline.hasPassed() && isWorthWaiting(failure))
              .orElseGet(() -> System.nanoTime() - began < MAX_RETRY_TIME.toNanos());
    }

    private boolean isWorthWaiting(Throwable failure) {
      if (FailureKind.isLockTimeout(failure) && !lockTimeout) {
        lockTimeout = true;
        return request.get().remaining().compareTo(ONE_ATTEMPT) > 0;
      }
      return !FailureKind.isBusy(failure) && !breaker.isLasting();
    }
  }
}
