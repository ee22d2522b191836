package io.zerodowntime.migration.rest;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.LocalFlags;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Lets the flags of this machine ask for a phase, in development. */
@Path("/migrations/{name}/flags")
@RolesAllowed("operator")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
@WithinDeadline
@APIResponse(responseCode = "409", description = "The flags of this program come from outside")
public class FlagsResource {
  private final Migrations migrations;
  private final LocalFlags flags;

  FlagsResource(Migrations migrations, LocalFlags flags) {
    this.migrations = migrations;
    this.flags = flags;
  }

  /** Writes the flag files; the next heartbeat reads them. */
  @POST
  @ResponseStatus(202)
  @APIResponse(responseCode = "202", description = "Accepted")
  @RequestBody(
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              schema = @Schema(implementation = FlagsChange.class)))
  public Uni<Void> ask(@PathParam("name") String name, FlagsChange change) {
    if (change == null || change.phase == null || change.phase < 0 || change.phase > 3) {
      throw new ProblemException(
          Problem.invalid(List.of(new Violation("phase", "must be 0 to 3"))));
    }
    return flags.ask(migrations.named(name), Phase.of(change.phase));
  }

  /**
   * What the flags are to ask for.
   *
   * @param phase 0 to 3
   */
  @RegisterForReflection
  public record FlagsChange(
      @Schema(required = true, minimum = "0", maximum = "3") @Nullable Integer phase) {}
}
