package io.zerodowntime.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.db.RequestDeadline;
import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns every failure of a call into a problem. */
@Singleton
class ProblemMapper {
  private static final Logger LOG = Logger.getLogger(ProblemMapper.class);
  private static final int UNAUTHORIZED = 401;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int UNAVAILABLE = 503;
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  private final Refusals refusals;
  private final AllowedMethods methods;
  private final Challenges challenges;

  ProblemMapper(Refusals refusals, AllowedMethods methods, Challenges challenges) {
    this.refusals = refusals;
    this.methods = methods;
    this.challenges = challenges;
  }

  @ServerExceptionMapper
  Response problem(ProblemException failure, HttpServerRequest request) {
    Problem problem = refusals.counted(honest(failure.problem()), request);
    return problem.status() == UNAUTHORIZED ? challenges.with(problem) : problem.response();
  }

  @ServerExceptionMapper
  Response accepted(AcceptedException accepted) {
    return Response.accepted(
            JsonObject.of(
                    "state",
                    "in-progress",
                    "detail",
                    "It takes longer than a request may; see the Location for what becomes of it.")
                .encode())
        .type(MediaType.APPLICATION_JSON)
        .location(URI.create(accepted.location()))
        .build();
  }

  @ServerExceptionMapper
  Response json(MismatchedInputException failure) {
    return malformed(failure);
  }

  @ServerExceptionMapper
  Response web(WebApplicationException failure, HttpServerRequest request) {
    if (failure.getCause() instanceof JacksonException json) {
      return malformed(json);
    }
    Response given = failure.getResponse();
    Response.ResponseBuilder response =
        Response.fromResponse(HttpProblems.of(given.getStatus()).response());
    List.of(HttpHeaders.LOCATION, HttpHeaders.WWW_AUTHENTICATE)
        .forEach(name -> response.header(name, given.getHeaders().getFirst(name)));
    if (given.getStatus() == METHOD_NOT_ALLOWED) {
      response.header(HttpHeaders.ALLOW, methods.of(request.path()));
    }
    return response.build();
  }

  private static Response malformed(JacksonException failure) {
    if (failure instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
      String field =
          mapping.getPath().stream()
              .map(each -> String.valueOf(each.getFieldName()))
              .collect(Collectors.joining("."));
      return Problem.invalid(List.of(new Violation(field, "is of the wrong type"))).response();
    }
    return HttpProblems.malformedJson().response();
  }

  @ServerExceptionMapper({UnauthorizedException.class, AuthenticationFailedException.class})
  Response unauthorized() {
    return challenges.with(HttpProblems.of(UNAUTHORIZED));
  }

  @ServerExceptionMapper
  Response forbidden(ForbiddenException failure) {
    return HttpProblems.of(403).response();
  }

  @ServerExceptionMapper
  Response unexpected(Throwable failure, HttpServerRequest request) {
    boolean safe = SAFE.contains(request.method().name());
    Problem problem = DatabaseProblems.of(failure, safe).orElseGet(() -> logged(failure, request));
    return refusals.counted(honest(problem), request).response();
  }

  /** A refusal says that nothing was changed: not if an earlier attempt may have been done. */
  private static Problem honest(Problem problem) {
    RequestDeadline deadline = RequestDeadline.ofContext();
    return problem.status() == UNAVAILABLE && deadline != null && deadline.isOutcomeUnknown()
        ? DatabaseProblems.outcomeUnknown()
        : problem;
  }

  private static Problem logged(Throwable failure, HttpServerRequest request) {
    LOG.errorf(failure, "%s %s failed", request.method(), request.path());
    return HttpProblems.of(500);
  }
}
