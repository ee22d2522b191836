package io.zerodowntime.http.limit;

import io.quarkus.elytron.security.runtime.ElytronPasswordIdentityProvider;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.UsernamePasswordAuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.HttpSecurityUtils;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.limit.Quota.Decision;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Slows guesses of passwords down: ten wrong ones at once for a user from one address, and then one
 * every six seconds. What comes beyond is answered with 429, and its password is not looked at. The
 * same user from another address is not held up, nor is one whose password was right from this
 * address before. It stands before Quarkus' own check of passwords, so it covers basic
 * authentication and the console's form, and lets that one judge.
 */
@Singleton
class PasswordGuesses implements IdentityProvider<UsernamePasswordAuthenticationRequest> {
  private static final long MINUTE = 60_000_000;
  private static final int MOST = 1000;

  /** About 1.5 MB of addresses. */
  private static final int ADDRESSES = 10_000;

  private final ElytronPasswordIdentityProvider passwords;
  private final ClientAddresses addresses;
  private final GuessMetrics metrics;
  private final Set<String> users;
  private final Quota quota;
  private final Quotas guesses;
  private final KnownLogins known = new KnownLogins();

  PasswordGuesses(
      ElytronPasswordIdentityProvider passwords,
      ClientAddresses addresses,
      GuessMetrics metrics,
      @ConfigProperty(name = "quarkus.security.users.embedded.users")
          Optional<Map<String, String>> users,
      @ConfigProperty(name = "login.guesses", defaultValue = "10") int aMinute) {
    if (aMinute < 1 || aMinute > MOST) {
      throw new ConfigurationException(
          "LOGIN_GUESSES must be between 1 and " + MOST + ", and is " + aMinute);
    }
    this.passwords = passwords;
    this.addresses = addresses;
    this.metrics = metrics;
    this.users = users.map(Map::keySet).map(Set::copyOf).orElse(Set.of());
    this.quota = new Quota(aMinute, MINUTE);
    this.guesses = new Quotas(quota, ADDRESSES, Quotas::nanoMicros);
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      UsernamePasswordAuthenticationRequest login, AuthenticationRequestContext context) {
    String who = user(login) + " " + address(login);
    String password = new String(login.getPassword().getPassword());
    if (known.contains(who, password)) {
      return passwords
          .authenticate(login, context)
          .onFailure(AuthenticationFailedException.class)
          .invoke(() -> known.remove(who));
    }
    Decision decision = guesses.take(who);
    if (!decision.allowed()) {
      metrics.refused();
      return Uni.createFrom()
          .failure(
              new ProblemException(LimitProblems.tooManyGuesses(quota.retrySeconds(decision))));
    }
    // counted before it is judged, so that guesses at once are bounded as well
    return passwords
        .authenticate(login, context)
        .invoke(
            identity -> {
              guesses.giveBack(who);
              known.add(who, password);
            })
        .onFailure(AuthenticationFailedException.class)
        .invoke(metrics::failed);
  }

  /** All names that no user has are one: none of them can be guessed. */
  private String user(UsernamePasswordAuthenticationRequest login) {
    return users.contains(login.getUsername()) ? login.getUsername() : "";
  }

  private String address(UsernamePasswordAuthenticationRequest login) {
    RoutingContext routing = HttpSecurityUtils.getRoutingContextAttribute(login);
    return addresses.of(routing.request());
  }

  @Override
  public Class<UsernamePasswordAuthenticationRequest> getRequestType() {
    return UsernamePasswordAuthenticationRequest.class;
  }

  /** Before the one that it asks. */
  @Override
  public int priority() {
    return passwords.priority() + 1;
  }
}
