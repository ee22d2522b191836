package io.zerodowntime.migration.rest;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.status.History;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusReports;
import io.zerodowntime.migration.status.StatusText;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.util.List;
import org.jboss.resteasy.reactive.RestStreamElementType;

/** Where the migrations stand, for people, dashboards and scripts. */
@Path("/migrations")
@RolesAllowed("viewer")
@Produces(MediaType.APPLICATION_JSON)
@WithinDeadline
public class MigrationResource {
  static final Duration TICK = Duration.ofSeconds(1);

  private final Migrations migrations;
  private final StatusReports reports;
  private final History history;

  MigrationResource(Migrations migrations, StatusReports reports, History history) {
    this.migrations = migrations;
    this.reports = reports;
    this.history = history;
  }

  /** Every migration. */
  @GET
  public Uni<List<MigrationStatus>> all() {
    return reports.all();
  }

  /** One migration. */
  @GET
  @Path("/{name}")
  public Uni<MigrationStatus> one(@PathParam("name") String name) {
    return reports.of(migrations.named(name));
  }

  /** One migration, for a terminal. */
  @GET
  @Path("/{name}")
  @Produces(MediaType.TEXT_PLAIN + ";qs=0.5")
  public Uni<String> text(@PathParam("name") String name) {
    return reports.of(migrations.named(name)).map(StatusText::of);
  }

  /** One migration, once a second until the client hangs up; a slow client misses some. */
  @GET
  @Path("/{name}/events")
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @RestStreamElementType(MediaType.APPLICATION_JSON)
  public Multi<MigrationStatus> events(@PathParam("name") String name) {
    var migration = migrations.named(name);
    return Multi.createBy()
        .concatenating()
        .streams(
            Multi.createFrom().item(0L), Multi.createFrom().ticks().every(TICK).onOverflow().drop())
        .onItem()
        .transformToUniAndConcatenate(tick -> reports.of(migration));
  }

  /** Every step, the newest first, with its evidence. */
  @GET
  @Path("/{name}/history")
  public Uni<List<History.Entry>> history(@PathParam("name") String name) {
    return history.of(migrations.named(name));
  }
}
