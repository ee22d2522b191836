package io.zerodowntime.http;

import io.smallrye.common.annotation.NonBlocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;

/** The short answer for load balancers; the long one is under {@code /q/health}. */
@Path("/health")
public class HealthResource {

  /** Answers while the process serves, whatever becomes of the database. */
  @GET
  @NonBlocking
  @Produces(MediaType.APPLICATION_JSON)
  @APIResponseSchema(HealthResponse.class)
  public String health() {
    return "{\"status\":\"ok\"}";
  }

  /**
   * The answer, for the API's description.
   *
   * @param status always {@code ok}
   */
  record HealthResponse(String status) {}
}
