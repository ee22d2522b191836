package io.zerodowntime.http;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.quarkus.smallrye.openapi.OpenApiFilter.RunStage;
import java.util.List;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.security.SecurityRequirement;
import org.eclipse.microprofile.openapi.models.security.SecurityScheme;

/** Adds to the API's description, at the start, what the configuration says of logins. */
@OpenApiFilter(stages = RunStage.RUNTIME_STARTUP)
public class LoginDescription implements OASFilter {
  private static final String ORDERS = "/orders";
  private static final String TOKEN = "token";

  @Override
  public void filterOpenAPI(OpenAPI api) {
    Config config = ConfigProvider.getConfig();
    if (!config.getValue("quarkus.oidc.tenant-enabled", Boolean.class)) {
      return;
    }
    List<String> passwords = List.copyOf(api.getComponents().getSecuritySchemes().keySet());
    api.getComponents()
        .addSecurityScheme(
            TOKEN,
            OASFactory.createSecurityScheme()
                .type(SecurityScheme.Type.HTTP)
                .scheme("bearer")
                .bearerFormat("JWT"));
    boolean orders = config.getValue("orders.login-required", Boolean.class);
    api.getPaths()
        .getPathItems()
        .forEach(
            (path, item) ->
                item.getOperations()
                    .values()
                    .forEach(call -> describe(call, passwords, orders && path.startsWith(ORDERS))));
  }

  private static void describe(Operation call, List<String> passwords, boolean required) {
    if (required) {
      passwords.forEach(name -> call.addSecurityRequirement(requirement(name)));
      ApiDescription.describeRefusedLogin(call);
    }
    if (call.getSecurity() != null && !call.getSecurity().isEmpty()) {
      call.addSecurityRequirement(requirement(TOKEN));
    }
  }

  private static SecurityRequirement requirement(String name) {
    return OASFactory.createSecurityRequirement().addScheme(name);
  }
}
