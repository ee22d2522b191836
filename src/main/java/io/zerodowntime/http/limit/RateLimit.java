package io.zerodowntime.http.limit;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemResponse;
import io.zerodowntime.http.Refusals;
import io.zerodowntime.http.limit.Quota.Decision;
import io.zerodowntime.http.login.Subject;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.BiConsumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Refuses requests for orders of a client that sends more than its quota, before they cost anything
 * in the database (429). A client is who is logged in, else an address. All instances share the
 * quotas where there is Redis; while Redis gives no answer, each counts on its own. Without {@code
 * RATE_LIMIT_REQUESTS} nothing is registered here.
 */
@Singleton
class RateLimit {
  /** Behind Quarkus' authentication (200), which says how to find out who it is. */
  private static final int BEHIND_AUTHENTICATION = 150;

  private final ClientAddresses addresses;
  private final SharedQuotas shared;
  private final Refusals refusals;
  private final RateLimitMetrics metrics;
  private final Quota quota;
  private final Quotas own;
  private final String path;
  private final boolean enabled;

  RateLimit(
      ClientAddresses addresses,
      SharedQuotas shared,
      Refusals refusals,
      RateLimitMetrics metrics,
      RateLimitSettings settings,
      @ConfigProperty(name = "http.bulkhead.path") String path) {
    this.addresses = addresses;
    this.shared = shared;
    this.refusals = refusals;
    this.metrics = metrics;
    this.path = path;
    this.enabled = settings.isEnabled();
    this.quota = settings.quota();
    this.own = new Quotas(quota, settings.clients(), Quotas::nanoMicros);
  }

  void register(@Observes Filters filters) {
    if (enabled) {
      filters.register(this::check, BEHIND_AUTHENTICATION);
      metrics.register(own::clients);
    }
  }

  private void check(RoutingContext routing) {
    if (routing.normalizedPath().startsWith(path)) {
      client(routing)
          .chain(this::take)
          .subscribe()
          .with(decision -> answer(routing, decision), routing::fail);
    } else {
      routing.next();
    }
  }

  private Uni<Decision> take(String client) {
    if (!shared.isEnabled()) {
      return Uni.createFrom().item(counted(own.take(client), "own"));
    }
    return shared
        .take(quota, client)
        .map(decision -> counted(decision, "shared"))
        .onFailure()
        .recoverWithItem(() -> counted(own.take(client), "fallback"));
  }

  private Decision counted(Decision decision, String by) {
    metrics.decided(by, decision.allowed());
    return decision;
  }

  private void answer(RoutingContext routing, Decision decision) {
    HttpServerResponse response = routing.response();
    if (response.ended()) {
      return;
    }
    response.putHeader(
        "RateLimit-Policy",
        "\"orders\";q=" + quota.requests() + ";w=" + quota.window() / 1_000_000);
    response.putHeader(
        "RateLimit",
        "\"orders\";r=" + quota.remaining(decision) + ";t=" + quota.resetSeconds(decision));
    if (decision.allowed()) {
      routing.next();
    } else {
      Problem problem = LimitProblems.rateLimited(quota.retrySeconds(decision));
      ProblemResponse.send(routing.request(), refusals.counted(problem, routing.request()));
    }
  }

  /** Who is logged in; credentials that are wrong count for the address, and are answered later. */
  private Uni<String> client(RoutingContext routing) {
    Uni<SecurityIdentity> identity = routing.get(QuarkusHttpUser.DEFERRED_IDENTITY_KEY);
    if (identity == null || !routing.request().headers().contains(HttpHeaders.AUTHORIZATION)) {
      return Uni.createFrom().item(address(routing));
    }
    BiConsumer<RoutingContext, Throwable> failed =
        routing.get(QuarkusHttpUser.AUTH_FAILURE_HANDLER);
    BiConsumer<RoutingContext, Throwable> ignored = (same, failure) -> {};
    routing.put(QuarkusHttpUser.AUTH_FAILURE_HANDLER, ignored);
    return identity
        .map(who -> who.isAnonymous() ? address(routing) : user(who))
        .onFailure()
        .recoverWithItem(() -> address(routing))
        .onTermination()
        .invoke(() -> routing.put(QuarkusHttpUser.AUTH_FAILURE_HANDLER, failed));
  }

  private String address(RoutingContext routing) {
    return "address:" + addresses.of(routing.request());
  }

  private static String user(SecurityIdentity identity) {
    byte[] scope = Subject.of(identity.getPrincipal()).scope().getBytes(StandardCharsets.UTF_8);
    return "subject:" + Base64.getUrlEncoder().withoutPadding().encodeToString(scope);
  }
}
