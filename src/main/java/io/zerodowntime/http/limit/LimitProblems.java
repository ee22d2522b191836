package io.zerodowntime.http.limit;

import io.zerodowntime.http.Problem;

/** What a client is told that has to wait. */
final class LimitProblems {
  private LimitProblems() {}

  /**
   * For a request of a client that sent more than its quota.
   *
   * @param retryAfter seconds until one more is allowed
   */
  static Problem rateLimited(long retryAfter) {
    return Problem.of(429, "rate-limited", "Too many requests of this client")
        .detail("Nothing was changed; send the request again later.")
        .retryAfter((int) retryAfter);
  }

  /**
   * For a login after too many wrong passwords.
   *
   * @param retryAfter seconds until one more is looked at
   */
  static Problem tooManyGuesses(long retryAfter) {
    return Problem.of(429, "too-many-guesses", "Too many wrong passwords")
        .detail("This password was not looked at; send it again later.")
        .retryAfter((int) retryAfter);
  }
}
