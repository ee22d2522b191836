package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpServerRequest;
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
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
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
class OrderResource {
  private final OrderService service;
  private final OrderViews views;
  private final IdempotencyKeys keys;

  OrderResource(OrderService service, OrderViews views, IdempotencyKeys keys) {
    this.service = service;
    this.views = views;
    this.keys = keys;
  }

  @POST
  @Parameter(name = IdempotencyKey.HEADER, in = ParameterIn.HEADER)
  @APIResponseSchema(value = Order.class, responseCode = "201")
  @APIResponse(responseCode = "422", description = "The key stands for another request")
  public Uni<RestResponse<String>> create(NewOrder order, @Context HttpServerRequest request) {
    NewOrder checked = NewOrder.checked(order);
    return keys.of(request)
        .chain(key -> service.create(checked, key))
        .map(
            answer ->
                answered(answer)
                    .header(HttpHeaders.LOCATION, OrderJson.location(answer.json()))
                    .build());
  }

  @PATCH
  @Parameter(name = IdempotencyKey.HEADER, in = ParameterIn.HEADER)
  @Path("/{id}")
  @APIResponseSchema(Order.class)
  @APIResponse(responseCode = "422", description = "The key stands for another request")
  public Uni<RestResponse<String>> update(
      @PathParam("id") long id, StatusChange change, @Context HttpServerRequest request) {
    StatusChange checked = StatusChange.checked(change);
    return keys.of(request)
        .chain(key -> service.update(id, checked, key))
        .map(answer -> answered(answer).build());
  }

  @GET
  @Path("/{id}")
  @APIResponseSchema(Order.class)
  public Uni<String> find(@PathParam("id") long id) {
    return views.find(id).map(order -> order.orElseThrow(OrderProblems::noSuchOrder));
  }

  @GET
  @APIResponseSchema(Page.class)
  public Uni<String> list(
      @QueryParam("userId") String userId,
      @QueryParam("status") String status,
      @QueryParam("after") String after,
      @QueryParam("limit") String limit) {
    return views.page(OrderQuery.of(userId, status, after, limit)).map(OrderPage::json);
  }

  @GET
  @Path("/{id}/shadow")
  public Uni<Shadow> shadow(@PathParam("id") long id) {
    return views.shadow(id).map(row -> row.orElseThrow(OrderProblems::noSuchOrder));
  }

  /** The migration's row comes with the schema: without it, it is orders that are missing. */
  @ServerExceptionMapper
  public Response notReady(MigrationException.Unknown failure) {
    return OrderProblems.notReady().response();
  }

  private static ResponseBuilder<String> answered(Answer answer) {
    ResponseBuilder<String> response =
        ResponseBuilder.create(RestResponse.Status.fromStatusCode(answer.status()), answer.json());
    return answer.replayed() ? response.header("Idempotent-Replayed", "true") : response;
  }

  /**
   * A page, for the API's description.
   *
   * @param next what to send as {@code after} for the next page; null on the last one
   */
  record Page(List<Order> items, Long next) {}
}
