package io.zerodowntime.http.login;

import io.quarkus.oidc.OIDCException;
import io.quarkus.oidc.runtime.OidcAuthenticationMechanism;
import io.quarkus.oidc.runtime.TenantConfigBean;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.CircuitBreaker;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jose4j.jwt.consumer.InvalidJwtException;

/**
 * Lets clients in by a token. Quarkus' extension checks it; until that has the issuer's keys, one
 * request at a time asks for them, and the others are answered at once. A token whose key is known
 * is checked without the issuer, whether it answers or not.
 */
@Singleton
class TokenLogin implements HttpAuthenticationMechanism {
  /** Before the extension's own, which every request without a token passes. */
  private static final int FIRST = 5000;

  private static final String BEARER = "bearer ";
  private static final Duration LASTING = Duration.ofSeconds(5);

  /** Discovery, keys, and what Quarkus does between them. */
  private static final int REQUESTS = 2;

  private final OidcAuthenticationMechanism extension;
  private final TenantConfigBean issuers;
  private final Roles roles;
  private final LoginMetrics metrics;
  private final Duration limit;
  private final boolean on;
  private final AtomicBoolean asking = new AtomicBoolean();
  private final CircuitBreaker breaker =
      new CircuitBreaker("the issuer of tokens", LASTING, System::nanoTime);

  TokenLogin(
      OidcAuthenticationMechanism extension,
      TenantConfigBean issuers,
      Roles roles,
      LoginMetrics metrics,
      IssuerTimeouts timeouts,
      @ConfigProperty(name = IssuerConfig.ISSUER) Optional<String> issuer) {
    this.extension = extension;
    this.issuers = issuers;
    this.roles = roles;
    this.metrics = metrics;
    this.limit = timeouts.limit().multipliedBy(REQUESTS);
    this.on = issuer.isPresent();
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext routing, IdentityProviderManager identities) {
    // deferred: a check that is never asked for must not count as the one that asks the issuer
    return on && bearsToken(routing)
        ? Uni.createFrom().deferred(() -> check(routing, identities))
        : Uni.createFrom().nullItem();
  }

  private Uni<SecurityIdentity> check(RoutingContext routing, IdentityProviderManager identities) {
    boolean known = issuers.getDefaultTenant().ready();
    if (!known && !mayAsk()) {
      metrics.token(LoginMetrics.UNAVAILABLE);
      return Uni.createFrom().failure(LoginProblems.unavailable());
    }
    long began = System.nanoTime();
    return Uni.createFrom()
        .deferred(() -> extension.authenticate(routing, identities))
        .ifNoItem()
        .after(limit)
        .fail()
        .onItem()
        .ifNull()
        .failWith(AuthenticationFailedException::new)
        .map(this::accepted)
        .onItemOrFailure()
        .invoke((identity, failure) -> report(known, began, failure))
        .onTermination()
        .invoke(() -> end(known))
        .onFailure()
        .transform(this::problem);
  }

  /** Whether this request may ask for the issuer's keys: no other one asks, and it is time. */
  private boolean mayAsk() {
    if (!asking.compareAndSet(false, true)) {
      return false;
    }
    boolean admitted = breaker.admits();
    asking.set(admitted);
    return admitted;
  }

  private void end(boolean known) {
    if (!known) {
      asking.set(false);
    }
  }

  private static boolean bearsToken(RoutingContext routing) {
    String given = routing.request().getHeader(HttpHeaders.AUTHORIZATION);
    return given != null && given.regionMatches(true, 0, BEARER, 0, BEARER.length());
  }

  /** Nothing but who it is, and what that one may do here. */
  private SecurityIdentity accepted(SecurityIdentity identity) {
    metrics.token(LoginMetrics.ACCEPTED);
    return QuarkusSecurityIdentity.builder()
        .setPrincipal(identity.getPrincipal())
        .addRoles(roles.of(identity.getRoles()))
        .build();
  }

  private void report(boolean known, long began, Throwable failure) {
    if (!known && failure != null && isOfIssuer(failure)) {
      breaker.failed(began, failure);
    } else if (!known) {
      breaker.succeeded();
    }
  }

  private Throwable problem(Throwable failure) {
    boolean ofIssuer = isOfIssuer(failure);
    metrics.token(ofIssuer ? LoginMetrics.UNAVAILABLE : LoginMetrics.REFUSED);
    return ofIssuer ? LoginProblems.unavailable() : LoginProblems.refused(failure);
  }

  /** Whether the token may be right, and could not be checked. */
  private static boolean isOfIssuer(Throwable failure) {
    List<Throwable> chain = LoginProblems.chain(failure).toList();
    return chain.stream().noneMatch(InvalidJwtException.class::isInstance)
        && chain.stream()
            .anyMatch(
                each ->
                    each instanceof OIDCException
                        || each instanceof IOException
                        || each instanceof TimeoutException
                        || each instanceof java.util.concurrent.TimeoutException);
  }

  /** {@code http.Challenges} says it, for every failure. */
  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext routing) {
    return Uni.createFrom().nullItem();
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return Set.of();
  }

  @Override
  public int getPriority() {
    return FIRST;
  }
}
