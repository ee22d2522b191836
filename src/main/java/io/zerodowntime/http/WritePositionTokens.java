package io.zerodowntime.http;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.ReplicaSettings;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.db.RequestPosition;
import io.zerodowntime.db.WritePosition;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Lets a client read its own writes though replicas answer: the answer to a write carries a token,
 * as a header and as a cookie, and a read that brings it is answered by a server that shows that
 * write. Without replicas nothing is registered here.
 */
@Singleton
public class WritePositionTokens {
  /** Of answers to writes, and of requests; a request may bring several. */
  static final String HEADER = "Write-Position";

  static final String COOKIE = "write-position";

  private static final String DESCRIBED = "/orders";
  private static final String TOKEN = "[A-Za-z0-9_-]{28}";

  /** Behind {@link RequestDeadlines}, before the call. */
  private static final int EARLY = 8000;

  /** For a request on its way and a look at the replicas. */
  private static final Duration MARGIN = Duration.ofSeconds(15);

  private final ReplicaSettings settings;
  private final String path;

  WritePositionTokens(
      ReplicaSettings settings, @ConfigProperty(name = "http.bulkhead.path") String path) {
    this.settings = settings;
    this.path = path;
  }

  void register(@Observes Filters filters) {
    if (settings.enabled()) {
      filters.register(this::keep, EARLY);
    }
  }

  private void keep(RoutingContext routing) {
    RequestDeadline deadline = RequestDeadline.ofContext();
    if (deadline != null && routing.normalizedPath().startsWith(path)) {
      RequestPosition position = new RequestPosition(asked(routing.request()));
      deadline.keepIn(position);
      if (isWrite(routing.request().method())) {
        routing.addHeadersEndHandler(end -> answer(routing, position, deadline.isWriteSent()));
      }
    }
    routing.next();
  }

  private static boolean isWrite(HttpMethod method) {
    return method.equals(HttpMethod.POST) || method.equals(HttpMethod.PATCH);
  }

  private static @Nullable WritePosition asked(HttpServerRequest request) {
    Cookie cookie = request.getCookie(COOKIE);
    return Stream.concat(
            request.headers().getAll(HEADER).stream().flatMap(all -> Stream.of(all.split(",", -1))),
            Stream.ofNullable(cookie).map(Cookie::getValue))
        .filter(Objects::nonNull)
        .map(String::strip)
        .filter(token -> !token.isEmpty())
        .map(WritePosition::of)
        .reduce(WritePosition::and)
        .orElse(null);
  }

  private void answer(RoutingContext routing, RequestPosition position, boolean writeSent) {
    position
        .answer(writeSent)
        .map(WritePosition::token)
        .ifPresent(
            token ->
                routing
                    .response()
                    .putHeader(HEADER, token)
                    .headers()
                    .add(HttpHeaders.SET_COOKIE, cookie(token)));
  }

  /** By then a replica that has not replayed the write is out of rotation. */
  private String cookie(String token) {
    long seconds = settings.maxLag().plus(MARGIN).toSeconds();
    return COOKIE + "=" + token + "; Path=/; Max-Age=" + seconds + "; HttpOnly; SameSite=Lax";
  }

  /** Adds the token to the description of a call that takes or gives one. */
  static void describe(String path, PathItem.HttpMethod method, Operation call) {
    if (!path.equals(DESCRIBED) && !path.startsWith(DESCRIBED + "/")) {
      return;
    }
    if (method == PathItem.HttpMethod.GET) {
      call.addParameter(parameter(Parameter.In.HEADER, HEADER));
      call.addParameter(parameter(Parameter.In.COOKIE, COOKIE));
    } else {
      call.getResponses().getAPIResponses().entrySet().stream()
          .filter(each -> each.getKey().startsWith("2") || each.getKey().equals("503"))
          .forEach(
              each ->
                  each.getValue()
                      .addHeader(
                          HEADER,
                          OASFactory.createHeader()
                              .description(
                                  "With replicas: which write the client may want to read; also as"
                                      + " the cookie "
                                      + COOKIE)
                              .schema(
                                  OASFactory.createSchema()
                                      .addType(Schema.SchemaType.STRING)
                                      .pattern("^" + TOKEN + "$"))));
    }
  }

  /** Without a pattern: what is not a token is not an error. */
  private static Parameter parameter(Parameter.In in, String name) {
    return OASFactory.createParameter()
        .in(in)
        .name(name)
        .description("A token of an answer to a write, which this read is to show")
        .schema(OASFactory.createSchema().addType(Schema.SchemaType.STRING));
  }
}
