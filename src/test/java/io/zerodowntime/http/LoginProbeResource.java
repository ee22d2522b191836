package io.zerodowntime.http;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;

/** What each role may see, for tests. */
@Path("/login-probe")
public class LoginProbeResource {

  @GET
  @Path("viewer")
  @RolesAllowed("viewer")
  public String viewer() {
    return "seen";
  }

  @GET
  @Path("operator")
  @RolesAllowed("operator")
  public String operator() {
    return "done";
  }
}
