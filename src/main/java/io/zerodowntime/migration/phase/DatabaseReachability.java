package io.zerodowntime.migration.phase;

import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Knows when the database last answered a heartbeat of this instance. It counts as away once no
 * heartbeat was answered for {@code migration.instance-timeout}, as the other instances then count
 * this one as dead.
 */
@ApplicationScoped
public class DatabaseReachability {
  // SQLSTATE classes: connection, resources, operator (a server that starts or stops)
  private static final Set<String> NO_ANSWER = Set.of("08", "53", "57");

  private final Duration limit;
  private final LongSupplier nanos;
  private volatile long answeredAt;

  @Inject
  DatabaseReachability(MigrationConfig config) {
    this(config.instanceTimeout(), System::nanoTime);
  }

  DatabaseReachability(Duration limit, LongSupplier nanos) {
    this.limit = limit;
    this.nanos = nanos;
    this.answeredAt = nanos.getAsLong();
  }

  /**
   * Records how a statement ended.
   *
   * @param failure null if it did not fail
   */
  void record(Throwable failure) {
    if (failure == null || isAnswer(failure)) {
      answeredAt = nanos.getAsLong();
    }
  }

  // a schema that is not there yet is an answer too
  private static boolean isAnswer(Throwable failure) {
    if (failure instanceof PgException refused) {
      String state = refused.getSqlState();
      return state != null && state.length() == 5 && !NO_ANSWER.contains(state.substring(0, 2));
    }
    return failure instanceof MigrationException;
  }

  /** The time of the last answer if the database is away; empty while it is reachable. */
  public Optional<Instant> awaySince() {
    Duration silence = Duration.ofNanos(nanos.getAsLong() - answeredAt);
    return silence.compareTo(limit) > 0
        ? Optional.of(Instant.now().minus(silence))
        : Optional.empty();
  }
}
