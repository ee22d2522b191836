package io.zerodowntime.redis;

import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/**
 * Denies the meters of Vert.x' own client. Each {@link RedisLink} has a client of its own, and each
 * attempt to connect would leave series behind; {@code redis_command_seconds} has every command.
 */
final class RedisClientMeterFilter {
  RedisClientMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter clientMeters() {
    return MeterFilter.deny(
        id -> id.getName().startsWith("redis.pool.") || "redis".equals(id.getTag("clientType")));
  }
}
