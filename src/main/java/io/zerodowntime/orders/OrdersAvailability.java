package io.zerodowntime.orders;

import io.quarkus.arc.Arc;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.quarkus.smallrye.openapi.OpenApiFilter.RunStage;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;

/**
 * Without the migration of orders this program is the controller of other services' migrations: it
 * answers the paths of orders with 404, and leaves them out of the API's description.
 */
@Singleton
class OrdersAvailability {
  private static final String PATH = "/orders";

  /** Before OPTIONS is answered and before a request counts as one of orders. */
  private static final int FIRST = -100;

  private final OrderMigration migration;

  OrdersAvailability(OrderMigration migration) {
    this.migration = migration;
  }

  void register(@Observes Router router) {
    if (!migration.isDefined()) {
      for (String path : List.of(PATH, PATH + "/*")) {
        router.route(path).order(FIRST).handler(request -> request.fail(404));
      }
    }
  }

  /** Takes the calls and the types that only they use out of the description, at the start. */
  @OpenApiFilter(stages = RunStage.RUNTIME_PER_REQUEST)
  public static class Description implements OASFilter {
    private static final List<String> TYPES =
        List.of("NewOrder", "Order", "Page", "ShadowComparison", "StatusChange");

    @Override
    public void filterOpenAPI(OpenAPI api) {
      if (!Arc.container().instance(OrderMigration.class).get().isDefined()) {
        List.copyOf(api.getPaths().getPathItems().keySet()).stream()
            .filter(path -> path.startsWith(PATH))
            .forEach(api.getPaths()::removePathItem);
        TYPES.forEach(api.getComponents()::removeSchema);
      }
    }
  }
}
