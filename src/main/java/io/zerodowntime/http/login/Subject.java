package io.zerodowntime.http.login;

import java.security.Principal;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.jwt.JsonWebToken;

/**
 * Who is logged in.
 *
 * @param id the name of a user, or the claim {@code sub} of a token
 * @param issuer the claim {@code iss} of a token; empty for a user of the configuration
 * @param name what people call the subject of a token; empty if the token does not say
 */
public record Subject(String id, Optional<String> issuer, Optional<String> name) {

  /** Who the principal of a request is that was let in. */
  public static Subject of(Principal principal) {
    return principal instanceof JsonWebToken token
        ? new Subject(token.getSubject(), Optional.of(token.getIssuer()), name(token))
        : new Subject(principal.getName(), Optional.empty(), Optional.empty());
  }

  private static Optional<String> name(JsonWebToken token) {
    return Stream.of("preferred_username", "email", "client_id", "azp")
        .map(token::<Object>getClaim)
        .filter(Objects::nonNull)
        .map(Object::toString)
        .findFirst();
  }

  /**
   * Names the client in one text: no two clients have the same, a user and the subject of a token
   * with the user's name neither. It begins with a word and a space.
   */
  public String scope() {
    return issuer.map(url -> "token " + url + " " + id).orElse("user " + id);
  }
}
