package io.zerodowntime.http.limit;

import io.smallrye.mutiny.Uni;
import io.vertx.redis.client.Response;
import io.zerodowntime.http.limit.Quota.Decision;
import io.zerodowntime.redis.Redis;
import io.zerodowntime.redis.RedisScript;
import io.zerodowntime.redis.RedisUse;
import jakarta.inject.Singleton;

/**
 * The quotas that all instances share, in Redis: {@link Quota#take} as one script, by Redis' own
 * clock. What is stored there is a number; where it is none, the script fails, and the caller
 * counts on its own. A number that is too far ahead refuses a client for one window at most.
 */
@Singleton
class SharedQuotas {
  private static final RedisScript TAKE =
      RedisScript.of(
          """
          local requests, window = tonumber(ARGV[1]), tonumber(ARGV[2])
          local time = redis.call('TIME')
          local now = time[1] * 1000000 + time[2]
          local interval = math.floor(window / requests)
          local whole = interval * requests
          local from = now
          local stored = redis.call('GET', KEYS[1])
          if stored then
            from = math.min(math.max(tonumber(stored), now), now + whole)
          end
          local next = from + interval
          if next - now > whole then
            return {0, from - now}
          end
          redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
          return {1, next - now}
          """);

  private final Redis redis;

  SharedQuotas(Redis redis) {
    this.redis = redis;
  }

  /** Whether there is a Redis to share them. */
  boolean isEnabled() {
    return redis.isEnabled();
  }

  /**
   * Counts a request of this client.
   *
   * @param client visible characters, of any length that a key may have
   * @return the decision, without its {@code wholeAt}; fails if Redis gave none in time
   */
  Uni<Decision> take(Quota quota, String client) {
    String key = "zerodowntime:limit:" + quota.requests() + "/" + quota.window() + ":" + client;
    return redis
        .run(RedisUse.RATE_LIMIT, TAKE, key, quota.requests(), quota.window())
        .map(SharedQuotas::decision);
  }

  private static Decision decision(Response answer) {
    return new Decision(answer.get(0).toLong() == 1, 0, answer.get(1).toLong());
  }
}
