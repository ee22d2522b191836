package io.zerodowntime.fault;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Sends requests to one instance; a request that gives up closes its connection. All of the client
 * runs on one event loop: between two, the end of an answer can pass before it is listened for it.
 */
final class HttpCalls implements AutoCloseable {
  static final String PASSWORD = "secret-of-operators";
  private static final String AUTHORIZATION =
      "Basic "
          + Base64.getEncoder()
              .encodeToString(("operator:" + PASSWORD).getBytes(StandardCharsets.UTF_8));

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client =
      vertx.createHttpClient(
          new HttpClientOptions().setMaxPoolSize(5000).setConnectTimeout(10_000));
  private final Context loop = vertx.getOrCreateContext();
  private final int port;

  HttpCalls(int port) {
    this.port = port;
  }

  /**
   * Sends it; the future never fails.
   *
   * @param limit how long the client waits
   */
  CompletableFuture<HttpAnswer> send(Request request, Duration limit) {
    long sent = System.nanoTime();
    AtomicReference<String> missing = new AtomicReference<>("no connection");
    Promise<HttpAnswer> answer = Promise.promise();
    loop.runOnContext(now -> exchange(request, limit, sent, missing).onComplete(answer));
    return answer
        .future()
        .toCompletionStage()
        .toCompletableFuture()
        // the client's own time limit covers neither the connection nor the body
        .orTimeout(limit.toMillis() + 1000, TimeUnit.MILLISECONDS)
        .exceptionally(failure -> silence(request, sent, failure, missing.get()));
  }

  private Future<HttpAnswer> exchange(
      Request request, Duration limit, long sent, AtomicReference<String> missing) {
    return client
        .request(options(request, limit))
        .compose(
            http -> {
              missing.set("no head of an answer");
              return body(request, http);
            })
        .compose(
            response -> {
              missing.set("no end of an answer");
              return response.body().map(body -> judge(request, sent, response, body));
            });
  }

  private RequestOptions options(Request request, Duration limit) {
    RequestOptions options =
        new RequestOptions()
            .setMethod(request.method())
            .setHost("127.0.0.1")
            .setPort(port)
            .setURI(request.path())
            .setTimeout(limit.toMillis());
    if (request.call() == Call.STATUS) {
      options.putHeader("Authorization", AUTHORIZATION);
    }
    if (request.key() != null) {
      options.putHeader("Idempotency-Key", request.key());
    }
    return options;
  }

  private static Future<HttpClientResponse> body(Request request, HttpClientRequest http) {
    return request.body() == null
        ? http.send()
        : http.putHeader("Content-Type", "application/json").send(request.body());
  }

  private static HttpAnswer judge(
      Request request, long sent, HttpClientResponse response, Buffer body) {
    Duration took = Duration.ofNanos(System.nanoTime() - sent);
    int status = response.statusCode();
    if (status >= 200 && status < 300) {
      return new HttpAnswer(request.call(), sent, took, status, "", true);
    }
    JsonObject problem = problem(response, body);
    boolean documented =
        status == 503
            && Objects.equals(problem.getValue("status"), 503)
            && response.getHeader("Retry-After") != null;
    String type = problem.getString("type", "without a problem");
    return new HttpAnswer(
        request.call(), sent, took, status, type.substring(type.lastIndexOf(':') + 1), documented);
  }

  private static JsonObject problem(HttpClientResponse response, Buffer body) {
    String type = Objects.requireNonNullElse(response.getHeader("Content-Type"), "");
    try {
      return type.startsWith("application/problem+json") ? body.toJsonObject() : new JsonObject();
    } catch (DecodeException malformed) {
      return new JsonObject();
    }
  }

  private static HttpAnswer silence(Request request, long sent, Throwable failure, String missing) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    boolean late = cause instanceof TimeoutException;
    String words = late ? missing : cause.getClass().getSimpleName();
    Duration took = Duration.ofNanos(System.nanoTime() - sent);
    return new HttpAnswer(request.call(), sent, took, 0, words, false);
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
