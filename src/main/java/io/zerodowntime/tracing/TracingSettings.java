package io.zerodowntime.tracing;

import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/**
 * Where traces go, by the variables that OpenTelemetry defines.
 *
 * @param endpoint scheme, host and port of the receiver, and a path before the one of the signal
 * @param grpc whether it is sent by gRPC, else by HTTP
 * @param headers to be sent along, for example a token
 * @param timeout how long the receiver may take for a batch
 * @param certificate a file with the authority that signed the receiver's certificate, as PEM
 * @param resource what the receiver knows this process by
 */
record TracingSettings(
    URI endpoint,
    boolean grpc,
    Map<String, String> headers,
    Duration timeout,
    Optional<String> certificate,
    Sampler sampler,
    Map<String, String> resource) {
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
  private static final String PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL";
  private static final String HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";
  private static final String TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT";
  private static final String CERTIFICATE = "OTEL_EXPORTER_OTLP_CERTIFICATE";
  private static final String SAMPLER = "OTEL_TRACES_SAMPLER";
  private static final String SAMPLER_ARG = "OTEL_TRACES_SAMPLER_ARG";
  private static final String SERVICE_NAME = "OTEL_SERVICE_NAME";
  private static final String RESOURCE = "OTEL_RESOURCE_ATTRIBUTES";
  private static final String DISABLED = "OTEL_SDK_DISABLED";

  private static final String USUAL_PROTOCOL = "http/protobuf";
  private static final String USUAL_SAMPLER = "parentbased_always_on";
  private static final String USUAL_NAME = "zerodowntime";
  private static final long USUAL_TIMEOUT = 10_000;
  private static final long LONGEST_TIMEOUT = 60_000;

  /**
   * Reads the variables.
   *
   * @return null if no receiver is named, or tracing is disabled
   * @throws ConfigurationException with one line that names the variable that is wrong
   */
  static @Nullable TracingSettings of(Config config) {
    Optional<String> endpoint = value(config, ENDPOINT);
    if (endpoint.isEmpty()
        || value(config, DISABLED).filter("true"::equalsIgnoreCase).isPresent()) {
      return null;
    }
    Map<String, String> resource = new LinkedHashMap<>();
    resource.put("service.name", USUAL_NAME);
    value(config, "HOSTNAME").ifPresent(host -> resource.put("service.instance.id", host));
    resource.putAll(pairs(config, RESOURCE));
    value(config, SERVICE_NAME).ifPresent(name -> resource.put("service.name", name));
    return new TracingSettings(
        address(endpoint.get()),
        isGrpc(value(config, PROTOCOL).orElse(USUAL_PROTOCOL)),
        pairs(config, HEADERS),
        Duration.ofMillis(timeout(value(config, TIMEOUT))),
        value(config, CERTIFICATE),
        sampler(value(config, SAMPLER).orElse(USUAL_SAMPLER), value(config, SAMPLER_ARG)),
        resource);
  }

  private static Optional<String> value(Config config, String name) {
    return config
        .getOptionalValue(name, String.class)
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }

  private static URI address(String endpoint) {
    try {
      URI address = new URI(endpoint);
      if (("http".equals(address.getScheme()) || "https".equals(address.getScheme()))
          && address.getHost() != null) {
        return address;
      }
    } catch (URISyntaxException e) {
      throw wrong(ENDPOINT, "http://host:port or https://host:port", endpoint);
    }
    throw wrong(ENDPOINT, "http://host:port or https://host:port", endpoint);
  }

  private static boolean isGrpc(String protocol) {
    return switch (protocol) {
      case USUAL_PROTOCOL -> false;
      case "grpc" -> true;
      default -> throw wrong(PROTOCOL, "http/protobuf or grpc", protocol);
    };
  }

  private static long timeout(Optional<String> millis) {
    try {
      long value = millis.map(Long::parseLong).orElse(USUAL_TIMEOUT);
      if (value >= 1 && value <= LONGEST_TIMEOUT) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw wrong(TIMEOUT, "1 to " + LONGEST_TIMEOUT + " milliseconds", millis.orElse(""));
    }
    throw wrong(TIMEOUT, "1 to " + LONGEST_TIMEOUT + " milliseconds", millis.orElse(""));
  }

  private static Sampler sampler(String name, Optional<String> argument) {
    return switch (name) {
      case "always_on" -> Sampler.alwaysOn();
      case "always_off" -> Sampler.alwaysOff();
      case "traceidratio" -> Sampler.traceIdRatioBased(ratio(argument));
      case USUAL_SAMPLER -> Sampler.parentBased(Sampler.alwaysOn());
      case "parentbased_always_off" -> Sampler.parentBased(Sampler.alwaysOff());
      case "parentbased_traceidratio" ->
          Sampler.parentBased(Sampler.traceIdRatioBased(ratio(argument)));
      default ->
          throw wrong(
              SAMPLER,
              "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off"
                  + " or parentbased_traceidratio",
              name);
    };
  }

  private static double ratio(Optional<String> argument) {
    try {
      double ratio = argument.map(Double::parseDouble).orElse(1.0);
      if (ratio >= 0 && ratio <= 1) {
        return ratio;
      }
    } catch (NumberFormatException e) {
      throw wrong(SAMPLER_ARG, "a number from 0 to 1", argument.orElse(""));
    }
    throw wrong(SAMPLER_ARG, "a number from 0 to 1", argument.orElse(""));
  }

  /** The value may hold a token: it is not shown. */
  private static Map<String, String> pairs(Config config, String name) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : value(config, name).orElse("").split(",", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        pairs.put(pair.substring(0, equals).strip(), decoded(name, pair.substring(equals + 1)));
      } else if (!pair.isBlank()) {
        throw malformed(name);
      }
    }
    return pairs;
  }

  private static String decoded(String name, String value) {
    try {
      return URLDecoder.decode(value.strip().replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw malformed(name);
    }
  }

  private static ConfigurationException malformed(String name) {
    return new ConfigurationException(name + " must be key=value pairs with commas between them");
  }

  private static ConfigurationException wrong(String name, String expected, String found) {
    return new ConfigurationException("%s must be %s, and is %s".formatted(name, expected, found));
  }
}
