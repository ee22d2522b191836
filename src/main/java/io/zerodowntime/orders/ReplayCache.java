package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.RequestPosition;
import io.zerodowntime.db.WritePosition;
import io.zerodowntime.redis.Redis;
import io.zerodowntime.redis.RedisUse;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Answers a repeated write from Redis where Redis has its response, and stores responses there
 * after their commit. The database stays the only truth: what is served was signed by an instance
 * that had it from a committed row, and stays true until that row's key expires. Redis can withhold
 * it, and nothing else; then the write goes to the database (docs/redis.md).
 */
@Singleton
class ReplayCache {
  private final Redis redis;
  private final ReplayHistoryReader histories;
  private final OrderMetrics metrics;
  private final Duration longest;

  ReplayCache(
      Redis redis,
      ReplayHistoryReader histories,
      OrderMetrics metrics,
      @ConfigProperty(name = "orders.idempotency.redis-ttl") Duration longest) {
    this.redis = redis;
    this.histories = histories;
    this.metrics = metrics;
    this.longest = longest;
    if (redis.isEnabled()) {
      metrics.registerReplays();
    }
  }

  /**
   * Answers a write, and counts the answer.
   *
   * @param claim its key; null for a write without one
   * @param database does the write, or finds its stored response
   */
  Uni<WriteResponse> answer(
      @Nullable IdempotencyClaim claim, Supplier<Uni<WriteResponse>> database) {
    return from(claim, database).invoke(metrics::answered);
  }

  private Uni<WriteResponse> from(
      @Nullable IdempotencyClaim claim, Supplier<Uni<WriteResponse>> database) {
    if (claim == null || !redis.isEnabled()) {
      return database.get();
    }
    Optional<ReplayHistory> history = histories.current();
    if (history.isEmpty()) {
      metrics.looked(ReplayLookup.NO_HISTORY);
      return database.get();
    }
    Lookup lookup = new Lookup(claim, history.get(), RequestPosition.current());
    return lookup
        .find()
        .chain(
            found ->
                found.isPresent()
                    ? Uni.createFrom().item(found.get())
                    : database.get().invoke(lookup::keep));
  }

  /** One write: what is asked before the database, and told after it. */
  private final class Lookup {
    private final IdempotencyClaim claim;
    private final ReplayHistory history;
    private final @Nullable RequestPosition position;
    private final String name;
    private final long began = System.nanoTime();

    Lookup(IdempotencyClaim claim, ReplayHistory history, @Nullable RequestPosition position) {
      this.claim = claim;
      this.history = history;
      this.position = position;
      this.name = ReplayEntry.name(history.secret(), history.name(), claim.key().value());
    }

    Uni<Optional<WriteResponse>> find() {
      return redis
          .get(RedisUse.REPLAY_READ, name, ReplayEntry.LONGEST + 1)
          .map(this::judged)
          .onFailure()
          .recoverWithItem(
              () -> {
                metrics.looked(ReplayLookup.NO_ANSWER);
                return Optional.empty();
              });
    }

    private Optional<WriteResponse> judged(byte[] bytes) {
      ReplayEntry entry = ReplayEntry.verified(history.secret(), name, claim.fingerprint(), bytes);
      ReplayLookup result = judge(bytes, entry);
      metrics.looked(result);
      if (entry == null || result != ReplayLookup.HIT) {
        return Optional.empty();
      }
      if (position != null) {
        position.record(Objects.requireNonNull(entry.position()));
      }
      return Optional.of(WriteResponse.replay(entry.status(), entry.json(), entry.keyedAt()));
    }

    private ReplayLookup judge(byte[] bytes, @Nullable ReplayEntry entry) {
      if (bytes.length == 0) {
        return ReplayLookup.MISS;
      }
      // a client that reads from replicas must be told where this write ended
      return entry == null
              || left(entry.keyedAt()).isNegative()
              || (position != null && entry.position() == null)
          ? ReplayLookup.REFUSED
          : ReplayLookup.HIT;
    }

    /** Stores the response, if it will be of use; no caller waits for that. */
    void keep(WriteResponse response) {
      Instant keyedAt = response.keyedAt() == null ? history.notAfter(began) : response.keyedAt();
      WritePosition ended = position == null ? null : position.written();
      ReplayEntry entry =
          new ReplayEntry(
              response.status(),
              response.json(),
              keyedAt,
              WritePosition.UNKNOWN.equals(ended) ? null : ended);
      byte[] bytes = entry.signed(history.secret(), name, claim.fingerprint());
      Duration left = left(keyedAt);
      if (bytes.length <= ReplayEntry.LONGEST && left.compareTo(Duration.ofSeconds(1)) > 0) {
        redis
            .set(RedisUse.REPLAY_WRITE, name, bytes, left.compareTo(longest) < 0 ? left : longest)
            .subscribe()
            .with(stored -> {}, notStored -> {});
      }
    }

    /** How long the database keeps the key at least. */
    private Duration left(Instant keyedAt) {
      return Duration.between(history.notBefore(System.nanoTime()), keyedAt.plus(claim.ttl()));
    }
  }
}
