package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;

/**
 * Gives the meters of a server the label {@code server_port} where Quarkus leaves it out: for a
 * port that the system chooses (0). Beside the management port, which has the label, Prometheus
 * would refuse the meter and the server would never listen.
 */
final class ServerPortMeterFilter {
  private static final String LABEL = "server.port";
  private static final Set<String> METERS =
      Set.of(
          "http.server.active.connections",
          "http.server.active.requests",
          "http.server.bytes.read",
          "http.server.bytes.written",
          "http.server.connections");

  ServerPortMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter serverPorts() {
    return new MeterFilter() {
      @Override
      public Meter.Id map(Meter.Id id) {
        return METERS.contains(id.getName()) && id.getTag(LABEL) == null
            ? id.withTag(Tag.of(LABEL, "0"))
            : id;
      }
    };
  }
}
