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
@OpenApiFilter(stages = RunStage.RUNTIME_PER_REQUEST)
public class LoginDescription implements OASFilter {
  private static final String ORDERS = "/orders";
  private static final String TOKEN = "token";

  @Override
  public void filterOpenAPI(OpenAPI api) {
    Config config = ConfigProvider.getConfig();
    if (!config.getValue("quarkus.oidc.tenant-enabled", Boolean.class)) {
      return;
    }
    List<Operation> calls =
        api.getPaths().getPathItems().values().stream()
            .flatMap(item -> item.getOperations().values().stream())
            .toList();
    List<SecurityRequirement> passwords =
        calls.stream()
            .filter(LoginDescription::needsLogin)
            .findFirst()
            .map(call -> List.copyOf(call.getSecurity()))
            .orElse(List.of());
    api.getComponents()
        .addSecurityScheme(
            TOKEN,
            OASFactory.createSecurityScheme()
                .type(SecurityScheme.Type.HTTP)
                .scheme("bearer")
                .bearerFormat("JWT"));
    if (config.getValue("orders.login-required", Boolean.class)) {
      api.getPaths().getPathItems().entrySet().stream()
          .filter(path -> path.getKey().startsWith(ORDERS))
          .flatMap(path -> path.getValue().getOperations().values().stream())
          .forEach(call -> require(call, passwords));
    }
    calls.stream()
        .filter(LoginDescription::needsLogin)
        .forEach(
            call ->
                call.addSecurityRequirement(
                    OASFactory.createSecurityRequirement().addScheme(TOKEN)));
  }

  private static boolean needsLogin(Operation call) {
    return call.getSecurity() != null && !call.getSecurity().isEmpty();
  }

  private static void require(Operation call, List<SecurityRequirement> passwords) {
    passwords.forEach(call::addSecurityRequirement);
    ApiDescription.describeRefusedLogin(call);
  }
}
