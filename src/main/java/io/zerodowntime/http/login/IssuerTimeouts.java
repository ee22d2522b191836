package io.zerodowntime.http.login;

import io.quarkus.arc.Unremovable;
import io.quarkus.oidc.common.OidcEndpoint;
import io.quarkus.oidc.common.OidcRequestFilter;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Bounds each request to the issuer, which otherwise waits for its answer without end. */
@Singleton
@Unremovable
@OidcEndpoint(OidcEndpoint.Type.ALL)
class IssuerTimeouts implements OidcRequestFilter {
  private static final Duration LONGEST = Duration.ofSeconds(2);

  /** A first token costs two requests, the discovery and the keys, and the call has to be done. */
  private static final int SHARE = 3;

  private final Duration limit;

  IssuerTimeouts(@ConfigProperty(name = "request.deadline") Duration deadline) {
    Duration share = deadline.dividedBy(SHARE);
    this.limit = share.compareTo(LONGEST) < 0 ? share : LONGEST;
  }

  /** How long one request to the issuer may take. */
  Duration limit() {
    return limit;
  }

  @Override
  public Uni<Void> filter(OidcRequestFilterContext context) {
    context.request().timeout(limit.toMillis());
    return Uni.createFrom().voidItem();
  }
}
