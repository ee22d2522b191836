package io.zerodowntime.migration.rest;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.http.RequestDeadlines;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.schema.Certificate;
import io.zerodowntime.migration.schema.OldColumnDrop;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;

/** The last step of a migration. What a gate forbids is answered with 409 and the reason. */
@Path("/migrations/{name}/contract")
@RolesAllowed("operator")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
@WithinDeadline
@APIResponse(responseCode = "409", description = "The protocol forbids it now")
public class ContractResource {
  private final Migrations migrations;
  private final OldColumnDrop drop;
  private final RequestDeadlines deadlines;

  ContractResource(Migrations migrations, OldColumnDrop drop, RequestDeadlines deadlines) {
    this.migrations = migrations;
    this.drop = drop;
    this.deadlines = deadlines;
  }

  /**
   * Drops the old column, or says which gates are closed. A drop that waits for a lock longer than
   * a request may take goes on: then the answer is 202, and the certificate is in the history.
   */
  @POST
  @APIResponseSchema(Certificate.class)
  @APIResponse(responseCode = "202", description = "It goes on; see the history")
  public Uni<Certificate> contract(@PathParam("name") String name, @Context SecurityContext who) {
    var migration = migrations.named(name);
    deadlines.acceptLate("/migrations/" + migration.name() + "/history");
    return drop.contract(migration, Operators.of(who));
  }
}
