package io.zerodowntime.testing;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.trace.v1.Span;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;

/** A receiver of traces that speaks OTLP over HTTP and over gRPC, and keeps what it is sent. */
public final class OtlpReceiver implements AutoCloseable {
  private static final String GRPC = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

  private final Vertx vertx = Vertx.vertx();
  private final List<Span> spans = new CopyOnWriteArrayList<>();
  private final Map<String, String> resource = new ConcurrentHashMap<>();
  private final List<Map<String, String>> headers = new CopyOnWriteArrayList<>();
  private final int port;
  private volatile int refusal;

  /**
   * Listens at once.
   *
   * @param port 0 for a free one
   */
  public OtlpReceiver(int port) throws Exception {
    this.port =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.body().onSuccess(body -> take(request, body)))
            .listen(port, "localhost")
            .toCompletionStage()
            .toCompletableFuture()
            .get(10, TimeUnit.SECONDS)
            .actualPort();
  }

  public String endpoint() {
    return "http://localhost:" + port;
  }

  /** From now on it takes nothing: HTTP status, or with gRPC a status of that, 0 to take again. */
  public void refuseWith(int status) {
    refusal = status;
  }

  private void take(HttpServerRequest request, Buffer body) {
    boolean grpc = request.path().equals(GRPC);
    if (refusal == 0) {
      headers.add(
          request.headers().entries().stream()
              .collect(
                  Collectors.toMap(
                      e -> e.getKey().toLowerCase(Locale.ROOT), e -> e.getValue(), (a, b) -> a)));
      keep(grpc ? body.getBytes(5, 5 + body.getInt(1)) : body.getBytes());
    }
    byte[] answer = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
    HttpServerResponse response = request.response();
    if (grpc) {
      response.putHeader("content-type", "application/grpc");
      response.putTrailer("grpc-status", String.valueOf(refusal));
      response.end(
          refusal == 0
              ? Buffer.buffer().appendByte((byte) 0).appendInt(answer.length).appendBytes(answer)
              : Buffer.buffer());
    } else {
      response.setStatusCode(refusal == 0 ? 200 : refusal).end(Buffer.buffer(answer));
    }
  }

  private void keep(byte[] message) {
    try {
      ExportTraceServiceRequest.parseFrom(message)
          .getResourceSpansList()
          .forEach(
              each -> {
                each.getResource()
                    .getAttributesList()
                    .forEach(a -> resource.put(a.getKey(), a.getValue().getStringValue()));
                each.getScopeSpansList().forEach(scope -> spans.addAll(scope.getSpansList()));
              });
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what came cannot be read as OTLP", e);
    }
  }

  /** Every span so far that fits. */
  public List<Span> spans(Predicate<Span> wanted) {
    return spans.stream().filter(wanted).toList();
  }

  /** Waits for a span that fits, and gives the first one. */
  public Span await(Predicate<Span> wanted) {
    try {
      return Timeouts.await().until(() -> spans(wanted), found -> !found.isEmpty()).get(0);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("not among " + spans.stream().map(Span::getName).toList(), e);
    }
  }

  /** The attributes of the process that sent them. */
  public Map<String, String> resource() {
    return Map.copyOf(resource);
  }

  /** The headers of each request that was taken, by names in lower case. */
  public List<Map<String, String>> headers() {
    return List.copyOf(headers);
  }

  /** The value of an attribute, as text; empty if there is none. */
  public static String attribute(Span span, String key) {
    return span.getAttributesList().stream()
        .filter(each -> each.getKey().equals(key))
        .map(
            each ->
                each.getValue().hasIntValue()
                    ? String.valueOf(each.getValue().getIntValue())
                    : each.getValue().getStringValue())
        .findFirst()
        .orElse("");
  }

  public static String traceId(Span span) {
    return HexFormat.of().formatHex(span.getTraceId().toByteArray());
  }

  public static String spanId(Span span) {
    return HexFormat.of().formatHex(span.getSpanId().toByteArray());
  }

  @Override
  public void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }
}
