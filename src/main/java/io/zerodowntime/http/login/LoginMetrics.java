package io.zerodowntime.http.login;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What became of tokens; without an issuer there is no series of it. */
@Singleton
class LoginMetrics {
  static final String ACCEPTED = "accepted";
  static final String REFUSED = "refused";
  static final String UNAVAILABLE = "unavailable";

  private final MeterRegistry registry;

  LoginMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Every series is there from the start: a missing one has no rate. */
  void register(
      @Observes StartupEvent event,
      @ConfigProperty(name = IssuerConfig.ISSUER) Optional<String> issuer) {
    if (issuer.isPresent()) {
      List.of(ACCEPTED, REFUSED, UNAVAILABLE).forEach(this::counter);
    }
  }

  private Counter counter(String result) {
    return Counter.builder("login.tokens")
        .description("Tokens that requests brought, by what became of them")
        .tag("result", result)
        .register(registry);
  }

  /** A token was looked at; one of the three results above. */
  void token(String result) {
    counter(result).increment();
  }
}
