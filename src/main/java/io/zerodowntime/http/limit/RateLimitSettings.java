package io.zerodowntime.http.limit;

import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How many requests a client may send. */
@Singleton
class RateLimitSettings {
  private static final int MOST_A_SECOND = 100_000;

  private final int requests;
  private final Duration window;
  private final int clients;

  RateLimitSettings(
      @ConfigProperty(name = "rate-limit.requests") int requests,
      @ConfigProperty(name = "rate-limit.window") Duration window,
      @ConfigProperty(name = "rate-limit.clients") int clients) {
    this.requests = requests;
    this.window = window;
    this.clients = clients;
    require(requests >= 0, "RATE_LIMIT_REQUESTS must not be negative, and is " + requests);
    require(
        window.toSeconds() >= 1
            && window.toSeconds() <= 3600
            && window.equals(Duration.ofSeconds(window.toSeconds())),
        "RATE_LIMIT_WINDOW must be whole seconds between 1s and 1H, and is "
            + window.toMillis()
            + "ms");
    require(
        requests / window.toSeconds() <= MOST_A_SECOND,
        "RATE_LIMIT_REQUESTS must be at most " + MOST_A_SECOND + " a second");
    require(
        clients >= 1 && clients <= 1_000_000,
        "RATE_LIMIT_CLIENTS must be between 1 and 1000000, and is " + clients);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new ConfigurationException(message);
    }
  }

  boolean isEnabled() {
    return requests > 0;
  }

  Quota quota() {
    return new Quota(Math.max(1, requests), window.toSeconds() * 1_000_000);
  }

  int clients() {
    return clients;
  }
}
