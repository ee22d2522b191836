package io.zerodowntime.http.limit;

import io.zerodowntime.http.limit.Quota.Decision;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * One quota for each client, in a bounded amount of memory: about 150 bytes for each of the clients
 * that came last. A client that is forgotten has its whole quota again. The work for a request does
 * not grow with the number of clients.
 */
final class Quotas {
  private final Quota quota;
  private final LongSupplier micros;
  private final Map<String, Long> wholeAt;

  /**
   * @param clients how many are remembered
   * @param micros a clock in microseconds
   */
  Quotas(Quota quota, int clients, LongSupplier micros) {
    this.quota = quota;
    this.micros = micros;
    this.wholeAt =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > clients;
          }
        };
  }

  /** A clock that is never set. */
  static long nanoMicros() {
    return System.nanoTime() / 1000;
  }

  /** Counts a request of this client. */
  synchronized Decision take(String client) {
    long now = micros.getAsLong();
    Decision decision = quota.take(wholeAt.getOrDefault(client, now), now);
    wholeAt.put(client, decision.wholeAt());
    return decision;
  }

  /** Takes back what {@link #take} has counted, as it should not have been counted. */
  synchronized void giveBack(String client) {
    wholeAt.computeIfPresent(client, (name, whole) -> whole - quota.interval());
  }

  /** How many clients are remembered. */
  synchronized int clients() {
    return wholeAt.size();
  }
}
