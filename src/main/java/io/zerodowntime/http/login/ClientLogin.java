package io.zerodowntime.http.login;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.quarkus.security.identity.CurrentIdentityAssociation;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Lets every client call, or those only that are logged in, as the configuration says. */
@Singleton
public class ClientLogin {
  private final CurrentIdentityAssociation identities;
  private final boolean required;

  ClientLogin(
      CurrentIdentityAssociation identities,
      @ConfigProperty(name = "orders.login-required") boolean required) {
    this.identities = identities;
    this.required = required;
  }

  /**
   * Refuses to start where no client could be let in.
   *
   * @throws ConfigurationException if a login is required and there is no issuer of tokens
   */
  void check(
      @Observes StartupEvent event,
      @ConfigProperty(name = IssuerConfig.ISSUER) Optional<String> issuer) {
    if (required && issuer.isEmpty()) {
      throw new ConfigurationException("ORDERS_LOGIN_REQUIRED needs OIDC_ISSUER_URL");
    }
  }

  /** Does the work of a call; fails before it with what is answered with 401, 403 or 503. */
  public <T> Uni<T> then(Supplier<Uni<T>> work) {
    return required
        ? identities.getDeferredIdentity().invoke(ClientLogin::check).chain(work::get)
        : work.get();
  }

  private static void check(SecurityIdentity identity) {
    if (identity.isAnonymous()) {
      throw new UnauthorizedException();
    }
    if (!identity.hasRole(Roles.CLIENT)) {
      throw new ForbiddenException();
    }
  }
}
