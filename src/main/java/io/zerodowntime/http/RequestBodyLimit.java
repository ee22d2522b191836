package io.zerodowntime.http;

import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.VertxHttpRecorder;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Refuses bodies that are too long, with a problem. Quarkus has the same limit, and answers with
 * nothing but a status and with a header that HTTP/2 forbids. A body of HTTP/2 whose length is not
 * known is counted by Quarkus REST as it reads it, and refused without a problem: Quarkus REST
 * pauses each request, and one of HTTP/2 that was read before fails then.
 */
@Singleton
class RequestBodyLimit {
  private final Long limit;
  private final String signIn;

  RequestBodyLimit(
      @ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize limit,
      @ConfigProperty(name = "quarkus.http.auth.form.post-location") String signIn) {
    this.limit = limit.asLongValue();
    this.signIn = signIn;
  }

  /** Refuses a request with 413, or hands it on, once its body is in if its length is not known. */
  void check(RoutingContext context) {
    HttpServerRequest request = context.request();
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length != null && isTooLong(length)) {
      ProblemResponse.sendLast(request, HttpProblems.of(413));
    } else if (length == null
        && request.headers().contains(HttpHeaders.TRANSFER_ENCODING)
        && !signIn.equals(request.path())) { // the login reads the form itself, and bounds it
      read(context);
    } else {
      context.put(VertxHttpRecorder.MAX_REQUEST_SIZE_KEY, limit);
      context.next();
    }
  }

  private boolean isTooLong(String length) {
    return length.length() > 18 || Long.parseLong(length) > limit;
  }

  /** Reads a body whose length is not known; also an empty one is handed on, as an empty buffer. */
  private void read(RoutingContext context) {
    HttpServerRequest request = context.request();
    Buffer body = Buffer.buffer();
    request.handler(chunk -> append(request, body, chunk));
    request.endHandler(end -> handOn(context, body));
    if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
      request.headers().remove(HttpHeaders.EXPECT);
      request.response().writeContinue();
    }
  }

  private static void handOn(RoutingContext context, Buffer body) {
    if (!context.response().ended()) {
      ((RoutingContextInternal) context).setBody(body);
      context.next();
    }
  }

  private void append(HttpServerRequest request, Buffer body, Buffer chunk) {
    if (body.length() + chunk.length() <= limit) {
      body.appendBuffer(chunk);
    } else if (!request.response().ended()) {
      ProblemResponse.sendLast(request, HttpProblems.of(413));
    }
  }
}
