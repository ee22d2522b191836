package io.zerodowntime.http;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Says with each 401 how a client can log in. */
@Singleton
class Challenges {
  private static final String REALM = " realm=\"zerodowntime\"";
  private static final String INVALID_TOKEN = "urn:problem:invalid-token";

  private final boolean tokens;

  Challenges(@ConfigProperty(name = "quarkus.oidc.tenant-enabled") boolean tokens) {
    this.tokens = tokens;
  }

  /** The problem with a challenge for each way to log in, as RFC 7617 and RFC 6750 have them. */
  Response with(Problem problem) {
    Response.ResponseBuilder response =
        Response.fromResponse(problem.response())
            .header(HttpHeaders.WWW_AUTHENTICATE, "Basic" + REALM);
    if (tokens) {
      response.header(HttpHeaders.WWW_AUTHENTICATE, "Bearer" + REALM + error(problem));
    }
    return response.build();
  }

  private static String error(Problem problem) {
    return INVALID_TOKEN.equals(problem.members().getString("type"))
        ? ", error=\"invalid_token\", error_description=\"%s\""
            .formatted(problem.members().getString("detail"))
        : "";
  }
}
