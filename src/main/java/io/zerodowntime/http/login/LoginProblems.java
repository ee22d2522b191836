package io.zerodowntime.http.login;

import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.lang.UnresolvableKeyException;

/** What a client with a token is told when it is not let in. */
final class LoginProblems {
  private static final int RETRY_AFTER = 5;

  private static final Map<Integer, String> REASONS =
      Map.of(
          ErrorCodes.EXPIRED, "The token has expired.",
          ErrorCodes.NOT_YET_VALID, "The token is not valid yet.",
          ErrorCodes.AUDIENCE_INVALID, "The token is for another audience.",
          ErrorCodes.AUDIENCE_MISSING, "The token names no audience.",
          ErrorCodes.ISSUER_INVALID, "The token is of another issuer.",
          ErrorCodes.ISSUER_MISSING, "The token names no issuer.",
          ErrorCodes.SIGNATURE_INVALID, "The signature of the token is wrong.");

  private LoginProblems() {}

  /** 401, with the reason, as the client has to get another token. */
  static ProblemException refused(Throwable failure) {
    return new ProblemException(
        Problem.of(401, "invalid-token", "The token is not accepted").detail(reason(failure)));
  }

  /** 503: the token may be right. */
  static ProblemException unavailable() {
    return new ProblemException(
        Problem.of(503, "issuer-unavailable", "Tokens cannot be checked now")
            .detail("The issuer of the tokens does not answer; nothing was changed.")
            .retryAfter(RETRY_AFTER));
  }

  private static String reason(Throwable failure) {
    List<Throwable> chain = chain(failure).toList();
    if (chain.stream().anyMatch(UnresolvableKeyException.class::isInstance)) {
      return "The token is signed with a key that the issuer does not publish.";
    }
    return chain.stream()
        .filter(InvalidJwtException.class::isInstance)
        .flatMap(found -> ((InvalidJwtException) found).getErrorDetails().stream())
        .map(error -> REASONS.get(error.getErrorCode()))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse("The token is not one that the issuer has signed, or it lacks a claim.");
  }

  /** The failure and its causes. */
  static Stream<Throwable> chain(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).limit(50);
  }
}
