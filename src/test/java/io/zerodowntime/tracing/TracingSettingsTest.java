package io.zerodowntime.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the variables of OpenTelemetry mean what its specification says. */
class TracingSettingsTest {
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";

  @Test
  void nothingIsTracedWithoutAReceiver() {
    assertThat(of(Map.of("OTEL_TRACES_SAMPLER", "always_on"))).isNull();
    assertThat(of(Map.of(ENDPOINT, " "))).isNull();
    assertThat(of(Map.of(ENDPOINT, "http://a:1", "OTEL_SDK_DISABLED", "true"))).isNull();
  }

  @Test
  void readsWhatTheStandardDefines() {
    TracingSettings settings =
        of(
            Map.of(
                ENDPOINT,
                "https://a:4317/base",
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "grpc",
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20a+b, x-scope = y",
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                "1500",
                "OTEL_TRACES_SAMPLER",
                "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG",
                "0.25",
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=overridden,deployment.environment.name=prod",
                "OTEL_SERVICE_NAME",
                "orders"));
    assertThat(settings.grpc()).isTrue();
    assertThat(settings.endpoint()).hasToString("https://a:4317/base");
    assertThat(settings.headers())
        .containsEntry("authorization", "Bearer a+b")
        .containsEntry("x-scope", "y");
    assertThat(settings.timeout()).hasMillis(1500);
    assertThat(settings.sampler().getDescription()).contains("0.25");
    assertThat(settings.resource())
        .containsEntry("service.name", "orders")
        .containsEntry("deployment.environment.name", "prod");
  }

  @Test
  void whatIsLeftOutIsAsTheStandardSays() {
    TracingSettings settings = of(Map.of(ENDPOINT, "http://a:1"));
    assertThat(settings.grpc()).isFalse();
    assertThat(settings.timeout()).hasSeconds(10);
    assertThat(settings.sampler().getDescription()).contains("ParentBased").contains("AlwaysOn");
    assertThat(settings.resource()).containsEntry("service.name", "zerodowntime");
  }

  @ParameterizedTest
  @CsvSource({
    "OTEL_EXPORTER_OTLP_ENDPOINT, a:4317",
    "OTEL_EXPORTER_OTLP_ENDPOINT, http://",
    "OTEL_EXPORTER_OTLP_PROTOCOL, http/json",
    "OTEL_EXPORTER_OTLP_HEADERS, token",
    "OTEL_EXPORTER_OTLP_TIMEOUT, 10s",
    "OTEL_EXPORTER_OTLP_TIMEOUT, 0",
    "OTEL_TRACES_SAMPLER, sometimes",
    "OTEL_TRACES_SAMPLER_ARG, 2",
    "OTEL_TRACES_SAMPLER_ARG, NaN",
    "OTEL_TRACES_SAMPLER_ARG, ten",
    "OTEL_RESOURCE_ATTRIBUTES, a=%zz"
  })
  void aWrongValueIsNamed(String name, String value) {
    Map<String, String> values =
        new HashMap<>(Map.of(ENDPOINT, "http://a:1", "OTEL_TRACES_SAMPLER", "traceidratio"));
    values.put(name, value);
    assertThatThrownBy(() -> of(values))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith(name + " must be")
        .satisfies(failure -> assertThat(failure.getMessage().lines()).hasSize(1));
  }

  private static TracingSettings of(Map<String, String> values) {
    return TracingSettings.of(new SmallRyeConfigBuilder().withDefaultValues(values).build());
  }
}
