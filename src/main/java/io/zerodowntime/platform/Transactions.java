package io.zerodowntime.platform;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
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
    return Uni.createFrom()
        .deferred(statement)
        .onFailure(retryable)
        .retry()
        .withBackOff(FIRST_BACK_OFF, LAST_BACK_OFF)
        .expireIn(PATIENCE.toMillis());
  }
}
