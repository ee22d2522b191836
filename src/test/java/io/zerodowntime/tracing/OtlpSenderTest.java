package io.zerodowntime.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.Vertx;
import io.zerodowntime.testing.OtlpReceiver;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real receiver reads what is sent; one that is dead, refuses or stalls is given up on. */
@Execution(ExecutionMode.CONCURRENT)
class OtlpSenderTest {
  private static final String HTTP = "http/protobuf";
  private static final String GRPC = "grpc";

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void end() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {HTTP, GRPC})
  void theReceiverReadsEverySpan(String protocol) throws Exception {
    try (OtlpReceiver receiver = new OtlpReceiver(0)) {
      OtlpSender sender = sender(receiver.endpoint(), protocol, "10000");
      send(sender, spans(300));
      send(sender, spans(1));
      List<Span> taken = receiver.spans(span -> span.getName().equals("work"));
      assertThat(taken).hasSize(301);
      assertThat(OtlpReceiver.attribute(taken.get(7), "number")).isEqualTo("7");
      assertThat(receiver.resource()).containsEntry("service.name", "of a test");
      assertThat(receiver.headers()).allSatisfy(h -> assertThat(h).containsEntry("x-token", "s"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {HTTP, GRPC})
  void aRefusalIsAFailure(String protocol) throws Exception {
    try (OtlpReceiver receiver = new OtlpReceiver(0)) {
      OtlpSender sender = sender(receiver.endpoint(), protocol, "10000");
      receiver.refuseWith(protocol.equals(GRPC) ? 14 : 503);
      assertThatThrownBy(() -> send(sender, spans(1))).hasMessageContaining("it answers with");
      receiver.refuseWith(0);
      send(sender, spans(1));
      assertThat(receiver.spans(span -> true)).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {HTTP, GRPC})
  void aReceiverThatIsNotThereIsAFailure(String protocol) throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    OtlpSender sender = sender("http://localhost:" + free, protocol, "10000");
    assertThatThrownBy(() -> send(sender, spans(1))).hasMessageContaining("refused");
  }

  /** As a process that is stopped: the kernel takes the connection and the bytes. */
  @ParameterizedTest
  @ValueSource(strings = {HTTP, GRPC})
  void aReceiverThatStallsIsAFailure(String protocol) throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("localhost"))) {
      OtlpSender sender = sender("http://localhost:" + silent.getLocalPort(), protocol, "200");
      assertThatThrownBy(() -> send(sender, spans(512))).isInstanceOf(Exception.class);
      assertThatThrownBy(() -> send(sender, spans(512))).isInstanceOf(Exception.class);
    }
  }

  @Test
  void nothingIsConnectedBeforeTheFirstBatch() throws Exception {
    try (OtlpReceiver receiver = new OtlpReceiver(0)) {
      sender(receiver.endpoint(), HTTP, "10000");
      assertThat(receiver.headers()).isEmpty();
    }
  }

  private OtlpSender sender(String endpoint, String protocol, String timeout) {
    Map<String, String> values =
        Map.of(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            protocol,
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            timeout,
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-token=s");
    return new OtlpSender(
        vertx,
        Objects.requireNonNull(
            TracingSettings.of(new SmallRyeConfigBuilder().withDefaultValues(values).build())));
  }

  private static void send(OtlpSender sender, List<SpanData> spans) throws Exception {
    sender.send(spans).toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  private static List<SpanData> spans(int count) {
    var tracer =
        SdkTracerProvider.builder()
            .setResource(
                Resource.create(Attributes.builder().put("service.name", "of a test").build()))
            .build()
            .get("test");
    List<SpanData> spans = new ArrayList<>();
    IntStream.range(0, count)
        .forEach(
            number -> {
              var span =
                  tracer.spanBuilder("work").setAttribute("number", (long) number).startSpan();
              span.end();
              spans.add(((ReadableSpan) span).toSpanData());
            });
    return spans;
  }
}
