package io.zerodowntime.migration.rest;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.backfill.Backfill;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.MismatchRepair;
import io.zerodowntime.migration.backfill.ParityScan;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.backfill.RunControl;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jboss.resteasy.reactive.ResponseStatus;

/** What operators do with runs. What the protocol forbids is answered with 409 and the reason. */
@Path("/migrations/{name}")
@RolesAllowed("operator")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
@WithinDeadline
@APIResponse(responseCode = "409", description = "The protocol forbids it now")
public class OperatorResource {
  private final Migrations migrations;
  private final Backfill backfill;
  private final RunControl control;
  private final ParityScan parity;
  private final MismatchRepair repair;
  private final BackfillJob job;

  OperatorResource(
      Migrations migrations,
      Backfill backfill,
      RunControl control,
      ParityScan parity,
      MismatchRepair repair,
      BackfillJob job) {
    this.migrations = migrations;
    this.backfill = backfill;
    this.control = control;
    this.parity = parity;
    this.repair = repair;
    this.job = job;
  }

  /** Starts the backfill that the phase allows, within the limits given or the configured ones. */
  @POST
  @Path("/backfill")
  @ResponseStatus(202)
  @APIResponseSchema(value = RunStatus.class, responseCode = "202")
  @RequestBody(
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              schema = @Schema(implementation = LimitsChange.class)),
      required = false)
  public Uni<RunStatus> start(
      @PathParam("name") String name, LimitsChange limits, @Context SecurityContext who) {
    LimitsChange checked = LimitsChange.checked(limits);
    Migration migration = migrations.named(name);
    Run.Limits asked = checked.over(backfill.defaultLimits(migration));
    return begun(migration, backfill.start(migration, asked, Operators.of(who)));
  }

  /** Changes the limits of the active run. */
  @PATCH
  @Path("/backfill")
  @ResponseStatus(202)
  @APIResponse(responseCode = "202", description = "Accepted")
  @RequestBody(
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              schema = @Schema(implementation = LimitsChange.class)),
      required = false)
  public Uni<Void> limit(
      @PathParam("name") String name, LimitsChange limits, @Context SecurityContext who) {
    return control.limit(
        migrations.named(name), LimitsChange.checked(limits)::over, Operators.of(who));
  }

  /** Stops the active run until it is resumed. */
  @POST
  @Path("/backfill/pause")
  @ResponseStatus(202)
  @APIResponse(responseCode = "202", description = "Accepted")
  public Uni<Void> pause(@PathParam("name") String name, @Context SecurityContext who) {
    return control.pause(migrations.named(name), Operators.of(who));
  }

  /** Goes on with a paused run. */
  @POST
  @Path("/backfill/resume")
  @ResponseStatus(202)
  @APIResponse(responseCode = "202", description = "Accepted")
  public Uni<Void> resume(@PathParam("name") String name, @Context SecurityContext who) {
    return control.resume(migrations.named(name), Operators.of(who));
  }

  /** Ends the active run for good. */
  @POST
  @Path("/backfill/cancel")
  @ResponseStatus(202)
  @APIResponse(responseCode = "202", description = "Accepted")
  public Uni<Void> cancel(@PathParam("name") String name, @Context SecurityContext who) {
    return control.cancel(migrations.named(name), Operators.of(who));
  }

  /** Starts a comparison of the whole table. */
  @POST
  @Path("/parity")
  @ResponseStatus(202)
  @APIResponseSchema(value = RunStatus.class, responseCode = "202")
  public Uni<RunStatus> compare(@PathParam("name") String name, @Context SecurityContext who) {
    Migration migration = migrations.named(name);
    return begun(migration, parity.start(migration, Operators.of(who)));
  }

  /**
   * Refills the rows that were seen to disagree; a comparison follows automatically. The answer
   * names the column that wins: the one that readers are given.
   */
  @POST
  @Path("/parity/repair")
  @ResponseStatus(202)
  @APIResponseSchema(value = RunStatus.class, responseCode = "202")
  public Uni<RunStatus> repair(@PathParam("name") String name, @Context SecurityContext who) {
    Migration migration = migrations.named(name);
    return begun(migration, repair.start(migration, Operators.of(who)));
  }

  private Uni<RunStatus> begun(Migration migration, Uni<Run> started) {
    return started
        .call(() -> job.joinNow(migration))
        .map(run -> StatusReports.begun(migration, run));
  }
}
