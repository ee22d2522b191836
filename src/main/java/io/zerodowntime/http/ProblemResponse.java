package io.zerodowntime.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;

/** Answers a request with a problem from outside of the calls. */
public final class ProblemResponse {
  private static final long NO_ERROR = 0;

  private ProblemResponse() {}

  /** Sends it as the whole answer, which must not have begun. */
  public static Future<Void> send(HttpServerRequest request, Problem problem) {
    HttpServerResponse response =
        request
            .response()
            .setStatusCode(problem.status())
            .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE);
    problem
        .retryAfter()
        .ifPresent(
            seconds -> response.putHeader(HttpHeaders.RETRY_AFTER, Integer.toString(seconds)));
    return response.end(problem.json());
  }

  /** Answers a request whose body is not wanted any more: nothing follows it on HTTP/1.1. */
  static Future<Void> sendLast(HttpServerRequest request, Problem problem) {
    if (!isHttp2(request)) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    return send(request, problem);
  }

  /** Ends what still comes in: the connection on HTTP/1.1, the stream on HTTP/2. */
  static void hangUp(HttpServerRequest request) {
    if (isHttp2(request)) {
      request.response().reset(NO_ERROR);
    } else {
      request.connection().close();
    }
  }

  /** HTTP/2 forbids the header Connection (RFC 9113, 8.2.2). */
  static boolean isHttp2(HttpServerRequest request) {
    return request.version() == HttpVersion.HTTP_2;
  }
}
