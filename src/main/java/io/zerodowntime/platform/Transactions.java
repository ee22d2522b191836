package io.zerodowntime.platform;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The one way to run a transaction or a single statement. A failure whose outcome is known is
 * retried with jittered exponential back-off for at most {@link #PATIENCE}; one whose outcome is
 * unknown only where the caller says that a repetition is harmless.
 */
@ApplicationScoped
public class Transactions {
  /** How long one call goes on trying: longer than a fail-over of a healthy cluster takes. */
  public static final Duration PATIENCE = Duration.ofSeconds(8);

  private static final Duration FIRST_BACK_OFF = Duration.ofMillis(10);
  private static final Duration LAST_BACK_OFF = Duration.ofSeconds(1);

  private final Pool pool;

  Transactions(Pool pool) {
    this.pool = pool;
  }

  /** Runs {@code work} between BEGIN and COMMIT; it must be harmless to run it again. */
  public <T> Uni<T> inTransaction(Function<SqlConnection, Uni<T>> work) {
    return once(() -> pool.withTransaction(work));
  }

  /** Runs a statement that must not be done twice: retried only if it was certainly not done. */
  public <T> Uni<T> once(Supplier<Uni<? extends T>> statement) {
    return retrying(statement, failure -> Outcome.of(failure) == Outcome.NOT_DONE);
  }

  /** Runs a statement that may be done twice: a read, or a write under an idempotency key. */
  public <T> Uni<T> repeatable(Supplier<Uni<? extends T>> statement) {
    return retrying(
        statement,
        failure ->
            Outcome.of(failure) == Outcome.NOT_DONE || Outcome.of(failure) == Outcome.UNKNOWN);
  }

  private static <T> Uni<T> retrying(
      Supplier<Uni<? extends T>> statement, Predicate<Throwable> retryable) {
    return attempt(statement, retryable, System.nanoTime(), FIRST_BACK_OFF);
  }

  /*
   * By hand, because Mutiny's retry with back-off costs several operators on every call, and this
   * one nothing but a failure handler where nothing fails.
   */
  private static <T> Uni<T> attempt(
      Supplier<Uni<? extends T>> statement,
      Predicate<Throwable> retryable,
      long began,
      Duration backOff) {
    return Uni.createFrom()
        .<T>deferred(statement)
        .onFailure(
            failure -> System.nanoTime() - began < PATIENCE.toNanos() && retryable.test(failure))
        .recoverWithUni(
            () ->
                Uni.createFrom()
                    .voidItem()
                    .onItem()
                    .delayIt()
                    .by(jittered(backOff))
                    .chain(() -> attempt(statement, retryable, began, next(backOff))));
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
}
