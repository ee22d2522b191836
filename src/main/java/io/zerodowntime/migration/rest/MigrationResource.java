package io.zerodowntime.migration.rest;

import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.status.History;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusFeed;
import io.zerodowntime.migration.status.StatusReports;
import io.zerodowntime.migration.status.StatusText;
import io.zerodowntime.migration.status.Timeline;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.jboss.resteasy.reactive.RestStreamElementType;
import org.jspecify.annotations.Nullable;

/** Where the migrations stand, for people, dashboards and scripts. */
@Path("/migrations")
@RolesAllowed("viewer")
@Produces(MediaType.APPLICATION_JSON)
@WithinDeadline
public class MigrationResource {
  private final Migrations migrations;
  private final StatusReports reports;
  private final History history;
  private final Timeline timeline;
  private final StatusFeed feed;
  private final StatusStreams streams;

  MigrationResource(
      Migrations migrations,
      StatusReports reports,
      History history,
      Timeline timeline,
      StatusFeed feed,
      StatusStreams streams) {
    this.migrations = migrations;
    this.reports = reports;
    this.history = history;
    this.timeline = timeline;
    this.feed = feed;
    this.streams = streams;
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
    Migration migration = migrations.named(name);
    return streams.of(() -> feed.of(migration));
  }

  /**
   * Every step and every action of an operator, the newest first, with its evidence: up to 500.
   *
   * @param before entries with a smaller id only, for the ones that follow; left out: the newest
   */
  @GET
  @Path("/{name}/history")
  public Uni<List<History.Entry>> history(
      @PathParam("name") String name,
      @Parameter(schema = @Schema(type = SchemaType.INTEGER, format = "int64"))
          @QueryParam("before")
          @Nullable String before,
      @Context UriInfo uri) {
    // an empty text is given as null, as none is
    boolean given = uri.getQueryParameters().containsKey("before");
    return history.of(migrations.named(name), id(given && before == null ? "" : before));
  }

  /** Rows per second, latencies and waits of the last hour, as this instance saw them. */
  @GET
  @Path("/{name}/timeline")
  @NonBlocking
  public Timeline.Columns timeline(@PathParam("name") String name) {
    return timeline.of(migrations.named(name));
  }

  private static long id(@Nullable String before) {
    try {
      return before == null ? Long.MAX_VALUE : Long.parseLong(before);
    } catch (NumberFormatException e) {
      throw new ProblemException(
          Problem.invalid(List.of(new Violation("before", "must be an integer"))));
    }
  }
}
