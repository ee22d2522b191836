package io.zerodowntime.db;

import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Which replicas there are, and how far behind they may be. */
@Singleton
public class ReplicaSettings {
  /** The property that {@code READ_REPLICA_URL} sets. */
  static final String URLS = "zerodowntime.replicas";

  /** How often they are looked at; not set without replicas, so there is no timer then. */
  static final String LOOK = "zerodowntime.replicas-look";

  /** A look a second tells the lag to about a second. */
  private static final Duration SHORTEST = Duration.ofSeconds(2);

  private final List<DatabaseUrl> urls;
  private final Duration maxLag;

  ReplicaSettings(
      @ConfigProperty(name = URLS) Optional<String> urls,
      @ConfigProperty(name = "replicas.max-lag") Duration maxLag) {
    if (maxLag.compareTo(SHORTEST) < 0) {
      throw new ConfigurationException(
          "MAX_REPLICA_LAG must be at least 2s, and is " + maxLag.toMillis() + "ms");
    }
    this.urls = urls.map(ReplicaSettings::parse).orElse(List.of());
    this.maxLag = maxLag;
  }

  private static List<DatabaseUrl> parse(String urls) {
    try {
      return DatabaseUrl.parseReplicas(urls);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("READ_REPLICA_URL is " + e.getMessage());
    }
  }

  /** Whether there are replicas to read from. */
  public boolean enabled() {
    return !urls.isEmpty();
  }

  List<DatabaseUrl> urls() {
    return urls;
  }

  /** How old the answer of a replica may be. */
  public Duration maxLag() {
    return maxLag;
  }
}
