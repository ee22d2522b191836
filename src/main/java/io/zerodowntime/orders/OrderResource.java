package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpServerRequest;
import io.zerodowntime.http.BulkheadLimited;
import io.zerodowntime.http.login.ClientLogin;
import io.zerodowntime.migration.MigrationException;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Orders over HTTP. PostgreSQL made the JSON; it is handed on as it is. */
@Path("/orders")
@Consumes(MediaType.APPLICATION_JSON)
@Produces(MediaType.APPLICATION_JSON)
@BulkheadLimited
class OrderResource {
  private static final String REPLAYED = "Idempotent-Replayed";

  private final OrderService service;
  private final OrderQueryService queries;
  private final IdempotencyKeys keys;
  private final ClientLogin login;

  OrderResource(
      OrderService service, OrderQueryService queries, IdempotencyKeys keys, ClientLogin login) {
    this.service = service;
    this.queries = queries;
    this.keys = keys;
    this.login = login;
  }

  @POST
  @Parameter(
      name = IdempotencyKey.HEADER,
      in = ParameterIn.HEADER,
      description = "Names this write, so that it is done once; a UUID",
      schema = @Schema(type = SchemaType.STRING, pattern = IdempotencyKey.PATTERN))
  @Parameter(
      name = IdempotencyKeys.CLIENT,
      in = ParameterIn.HEADER,
      description = "Whose the key is, unless the client is logged in",
      schema = @Schema(type = SchemaType.STRING, pattern = IdempotencyKeys.CLIENT_PATTERN))
  @APIResponse(
      responseCode = "201",
      description = "Created",
      headers = {
        @Header(name = HttpHeaders.LOCATION, schema = @Schema(type = SchemaType.STRING)),
        @Header(name = REPLAYED, schema = @Schema(type = SchemaType.STRING, enumeration = "true"))
      },
      content = @Content(schema = @Schema(implementation = Order.class)))
  @APIResponse(responseCode = "401")
  @APIResponse(responseCode = "422", description = "The key stands for another request")
  public Uni<RestResponse<String>> create(NewOrder order, @Context HttpServerRequest request) {
    return login
        .then(() -> create(NewOrder.checked(order), keys.of(request)))
        .map(
            answer ->
                answered(answer)
                    .header(HttpHeaders.LOCATION, OrderJson.location(answer.json()))
                    .build());
  }

  private Uni<WriteResponse> create(NewOrder order, Uni<Optional<IdempotencyKey>> given) {
    return given.chain(key -> service.create(order, key));
  }

  @PATCH
  @Path("/{id}")
  @Parameter(
      name = IdempotencyKey.HEADER,
      in = ParameterIn.HEADER,
      description = "Names this write, so that it is done once; a UUID",
      schema = @Schema(type = SchemaType.STRING, pattern = IdempotencyKey.PATTERN))
  @Parameter(
      name = IdempotencyKeys.CLIENT,
      in = ParameterIn.HEADER,
      description = "Whose the key is, unless the client is logged in",
      schema = @Schema(type = SchemaType.STRING, pattern = IdempotencyKeys.CLIENT_PATTERN))
  @APIResponse(
      responseCode = "200",
      description = "Changed",
      headers =
          @Header(
              name = REPLAYED,
              schema = @Schema(type = SchemaType.STRING, enumeration = "true")),
      content = @Content(schema = @Schema(implementation = Order.class)))
  @APIResponse(responseCode = "401")
  @APIResponse(responseCode = "422", description = "The key stands for another request")
  public Uni<RestResponse<String>> update(
      @PathParam("id") long id, StatusChange change, @Context HttpServerRequest request) {
    return login
        .then(() -> update(id, StatusChange.checked(change), keys.of(request)))
        .map(answer -> answered(answer).build());
  }

  private Uni<WriteResponse> update(
      long id, StatusChange change, Uni<Optional<IdempotencyKey>> given) {
    return given.chain(key -> service.update(id, change, key));
  }

  @GET
  @Path("/{id}")
  @APIResponseSchema(Order.class)
  public Uni<String> find(@PathParam("id") long id) {
    return login
        .then(() -> queries.find(id))
        .map(order -> order.orElseThrow(OrderProblems::noSuchOrder));
  }

  @GET
  @APIResponseSchema(Page.class)
  public Uni<String> list(
      @Parameter(
              schema =
                  @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = NewOrder.MAX_LONG))
          @QueryParam("userId")
          String userId,
      @Parameter(
              description = "Empty counts as left out",
              schema = @Schema(type = SchemaType.STRING, pattern = NewOrder.STATUS_OR_EMPTY))
          @QueryParam("status")
          String status,
      @Parameter(
              schema =
                  @Schema(type = SchemaType.INTEGER, minimum = "0", maximum = NewOrder.MAX_LONG))
          @QueryParam("after")
          String after,
      @Parameter(schema = @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "100"))
          @QueryParam("limit")
          String limit,
      @Context UriInfo uri) {
    return login.then(
        () ->
            queries
                .page(
                    OrderQuery.of(
                        given(uri, "userId", userId),
                        status,
                        given(uri, "after", after),
                        given(uri, "limit", limit)))
                .map(OrderPage::json));
  }

  /** A parameter without a value comes as null, as one that is left out; no number is empty. */
  private static String given(UriInfo uri, String name, String value) {
    return value == null && uri.getQueryParameters().containsKey(name) ? "" : value;
  }

  @GET
  @Path("/{id}/shadow")
  @APIResponseSchema(ShadowComparison.class)
  @APIResponse(responseCode = "409", description = "There is only one column")
  public Uni<ShadowComparison> shadow(@PathParam("id") long id) {
    return login
        .then(() -> queries.shadow(id))
        .map(row -> row.orElseThrow(OrderProblems::noSuchOrder));
  }

  /** The migration's row comes with the schema: without it, it is orders that are missing. */
  @ServerExceptionMapper
  public Response notReady(MigrationException.Unknown failure) {
    return OrderProblems.notReady().response();
  }

  private static ResponseBuilder<String> answered(WriteResponse answer) {
    ResponseBuilder<String> response =
        ResponseBuilder.create(RestResponse.Status.fromStatusCode(answer.status()), answer.json());
    return answer.replayed() ? response.header(REPLAYED, "true") : response;
  }

  /**
   * A page, for the API's description.
   *
   * @param next what to send as {@code after} for the next page; null on the last one
   */
  record Page(List<Order> items, @Schema(nullable = true) Long next) {}
}
