package io.zerodowntime.tracing;

import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends spans to a receiver by OTLP: protocol buffers over HTTP, or over gRPC, which is the same
 * message behind five bytes in a request of HTTP/2. It needs no thread and no connection before its
 * first batch, and has one connection then.
 */
final class OtlpSender {
  private static final int CONNECT_MILLIS = 2000;
  private static final String GRPC_PATH =
      "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  private static final String HTTP_PATH = "/v1/traces";
  private static final String GRPC_STATUS = "grpc-status";

  private final Vertx vertx;
  private final TracingSettings settings;
  private @Nullable HttpClient client;

  OtlpSender(Vertx vertx, TracingSettings settings) {
    this.vertx = vertx;
    this.settings = settings;
  }

  /** Sends one batch; fails if the receiver has not taken it within the timeout. */
  Future<Void> send(List<SpanData> spans) {
    // of hundreds of spans it takes about a millisecond: not on an event loop
    return vertx.executeBlocking(() -> body(spans), false).compose(this::post);
  }

  private Buffer body(List<SpanData> spans) throws IOException {
    TraceRequestMarshaler message = TraceRequestMarshaler.create(spans);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.getBinarySerializedSize());
    message.writeBinaryTo(bytes);
    Buffer body = Buffer.buffer();
    if (settings.grpc()) {
      body.appendByte((byte) 0).appendInt(bytes.size());
    }
    return body.appendBytes(bytes.toByteArray());
  }

  private Future<Void> post(Buffer body) {
    Promise<Void> done = Promise.promise();
    long limit =
        vertx.setTimer(
            settings.timeout().toMillis(),
            late -> done.tryFail(new TimeoutException("no answer in time")));
    client()
        .request(options())
        .compose(
            request -> {
              done.future().onFailure(failure -> request.reset());
              return exchange(request, body);
            })
        .onComplete(taken -> done.tryComplete(), done::tryFail);
    return done.future().onComplete(ended -> vertx.cancelTimer(limit));
  }

  private Future<Void> exchange(HttpClientRequest request, Buffer body) {
    settings.headers().forEach(request::putHeader);
    request.putHeader(
        "content-type", settings.grpc() ? "application/grpc" : "application/x-protobuf");
    if (settings.grpc()) {
      request.putHeader("te", "trailers");
    }
    return request.send(body).compose(response -> response.end().compose(ended -> judge(response)));
  }

  private Future<Void> judge(HttpClientResponse response) {
    if (response.statusCode() != 200) {
      return Future.failedFuture("it answers with status " + response.statusCode());
    }
    if (!settings.grpc()) {
      return Future.succeededFuture();
    }
    String inTrailer = response.getTrailer(GRPC_STATUS);
    String status = inTrailer == null ? response.getHeader(GRPC_STATUS) : inTrailer;
    return "0".equals(status)
        ? Future.succeededFuture()
        : Future.failedFuture("it answers with gRPC status " + status);
  }

  private RequestOptions options() {
    URI endpoint = settings.endpoint();
    String before = endpoint.getRawPath() == null ? "" : endpoint.getRawPath();
    return new RequestOptions()
        .setMethod(HttpMethod.POST)
        .setHost(endpoint.getHost())
        .setPort(port(endpoint))
        .setSsl(isTls(endpoint))
        .setURI(before.replaceAll("/+$", "") + (settings.grpc() ? GRPC_PATH : HTTP_PATH));
  }

  private static boolean isTls(URI endpoint) {
    return "https".equals(endpoint.getScheme());
  }

  private int port(URI endpoint) {
    if (endpoint.getPort() > 0) {
      return endpoint.getPort();
    }
    return settings.grpc() ? 4317 : 4318;
  }

  private synchronized HttpClient client() {
    HttpClient made = client;
    if (made == null) {
      HttpClientOptions options = new HttpClientOptions().setConnectTimeout(CONNECT_MILLIS);
      if (settings.grpc()) {
        options
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setHttp2ClearTextUpgrade(false)
            .setUseAlpn(isTls(settings.endpoint()));
      }
      settings
          .certificate()
          .ifPresent(file -> options.setPemTrustOptions(new PemTrustOptions().addCertPath(file)));
      made =
          vertx.createHttpClient(options, new PoolOptions().setHttp1MaxSize(1).setHttp2MaxSize(1));
      client = made;
    }
    return made;
  }
}
