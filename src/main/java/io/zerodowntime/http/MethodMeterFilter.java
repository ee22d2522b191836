package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;

/**
 * Replaces a method that HTTP does not define by {@code OTHER} in the label of {@code
 * http_server_requests_seconds}: a client may send any word, and each would be a new time series.
 */
final class MethodMeterFilter {
  private static final String LABEL = "method";
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

  MethodMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter knownMethods() {
    return new MeterFilter() {
      @Override
      public Meter.Id map(Meter.Id id) {
        String method = id.getTag(LABEL);
        return method == null || METHODS.contains(method) ? id : id.withTag(Tag.of(LABEL, "OTHER"));
      }
    };
  }
}
