package io.zerodowntime.migration.rest;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Multi;
import io.zerodowntime.http.WithinDeadline;
import io.zerodowntime.migration.phase.LocalFlags;
import io.zerodowntime.migration.status.MigrationSummary;
import io.zerodowntime.migration.status.StatusFeed;
import jakarta.annotation.security.PermitAll;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jboss.resteasy.reactive.RestStreamElementType;

/** What the console needs beside the calls that programs use too. */
@Path("/console")
@Produces(MediaType.APPLICATION_JSON)
@WithinDeadline
public class ConsoleResource {
  private static final String OPERATOR = "operator";

  private final StatusFeed feed;
  private final StatusStreams streams;
  private final LocalFlags flags;
  private final String cookie;

  ConsoleResource(
      StatusFeed feed,
      StatusStreams streams,
      LocalFlags flags,
      @ConfigProperty(name = "quarkus.http.auth.form.cookie-name") String cookie) {
    this.feed = feed;
    this.streams = streams;
    this.flags = flags;
    this.cookie = cookie;
  }

  /** Who has signed in. */
  @GET
  @Path("/session")
  @RolesAllowed("viewer")
  @NonBlocking
  public Session session(@Context SecurityContext who) {
    boolean operator = who.isUserInRole(OPERATOR);
    return new Session(who.getUserPrincipal().getName(), operator, operator && flags.areWritable());
  }

  /** Signs out: the browser forgets the session. */
  @DELETE
  @Path("/session")
  @PermitAll
  @NonBlocking
  @APIResponse(responseCode = "204", description = "The session's cookie is removed")
  public Response signOut() {
    return Response.noContent()
        .cookie(
            new NewCookie.Builder(cookie)
                .value("")
                .path("/")
                .maxAge(0)
                .httpOnly(true)
                .sameSite(NewCookie.SameSite.STRICT)
                .build())
        .build();
  }

  /** Every migration as server-sent events, a few of them read anew each second. */
  @GET
  @Path("/events")
  @RolesAllowed("viewer")
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @RestStreamElementType(MediaType.APPLICATION_JSON)
  public Multi<List<MigrationSummary>> events() {
    return streams.of(feed::all);
  }

  /**
   * Who has signed in, and what this user may do.
   *
   * @param operator whether the user may start, pause, repair and contract
   * @param localFlags whether the user may let the service write its own flags: in development
   */
  @RegisterForReflection
  public record Session(String user, boolean operator, boolean localFlags) {}
}
