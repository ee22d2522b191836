package io.zerodowntime.orders;

import io.quarkus.security.identity.CurrentIdentityAssociation;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.mutiny.Uni;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.login.Subject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;

/**
 * Reads the idempotency key of a request, and whose it is: the authenticated client's, else that of
 * the client that {@code X-Client-Id} names. Keys without either share one scope.
 */
@Singleton
class IdempotencyKeys {
  static final String CLIENT = "X-Client-Id";
  static final String CLIENT_PATTERN = "^[!-~]{1,64}$";

  private static final int LONGEST_CLIENT = 64;

  private final CurrentIdentityAssociation identities;

  IdempotencyKeys(CurrentIdentityAssociation identities) {
    this.identities = identities;
  }

  /**
   * The key, within its client's scope; empty if the request has none. Fails with a problem: 400 if
   * a header is malformed, 401 if the credentials are wrong, as under another scope the write could
   * be done twice.
   */
  Uni<Optional<IdempotencyKey>> of(HttpServerRequest request) {
    MultiMap headers = request.headers();
    // not @HeaderParam, for which a header that is empty is none
    Optional<IdempotencyKey> key = IdempotencyKey.of(headers.getAll(IdempotencyKey.HEADER));
    Optional<String> client = client(headers.getAll(CLIENT));
    return key.isPresent() && headers.contains(HttpHeaders.AUTHORIZATION)
        ? identities
            .getDeferredIdentity()
            .map(identity -> key.map(each -> scoped(each, user(identity).or(() -> client))))
        : Uni.createFrom().item(key.map(each -> scoped(each, client)));
  }

  private static IdempotencyKey scoped(IdempotencyKey key, Optional<String> client) {
    return client.map(key::of).orElse(key);
  }

  /**
   * Not what {@code X-Client-Id} can say: no client may reach the keys of a subject by its name.
   */
  private static Optional<String> user(SecurityIdentity identity) {
    return identity.isAnonymous()
        ? Optional.empty()
        : Optional.of(Subject.of(identity.getPrincipal()).scope());
  }

  private static Optional<String> client(List<String> headers) {
    if (headers.isEmpty()) {
      return Optional.empty();
    }
    if (headers.size() > 1 || !IdempotencyKey.isVisible(headers.get(0), LONGEST_CLIENT)) {
      throw new ProblemException(malformed());
    }
    return Optional.of(headers.get(0));
  }

  private static Problem malformed() {
    return Problem.of(400, "malformed-client-id", "Malformed X-Client-Id")
        .detail("One header with 1 to 64 visible ASCII characters is needed.");
  }
}
