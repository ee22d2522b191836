package io.zerodowntime.http.limit;

/**
 * So many requests in so long a time, counted by the generic cell rate algorithm (GCRA; ITU-T
 * I.371, annex A; "virtual scheduling"). It keeps one number for each client: the time at which the
 * client's quota is whole again. A request moves it on by {@link #interval}, and is refused if it
 * would then be further ahead than the window.
 *
 * <p>A worked example, 3 requests in 30 s, all times in seconds: at 100 a new client sends four
 * requests at once. The number becomes 110, 120, 130; the fourth would make it 140, which is 40
 * ahead, and is refused. It may come again at 110.
 *
 * @param requests how many may come at once, 1 or more
 * @param window in microseconds; in it so many requests become free again
 */
record Quota(int requests, long window) {
  private static final long SECOND = 1_000_000;

  /**
   * What became of a request.
   *
   * @param allowed false if it is refused
   * @param wholeAt when the quota is whole again, in microseconds of the clock that was asked
   * @param ahead how far that is ahead of the clock, in microseconds
   */
  record Decision(boolean allowed, long wholeAt, long ahead) {}

  /** How long it takes until one more request is free, in microseconds. */
  long interval() {
    return window / requests;
  }

  /**
   * Counts a request.
   *
   * @param wholeAt what the last decision for this client said; anything in the past if there is
   *     none. One that is too far ahead, as after a clock was set back, counts as the furthest.
   * @param now by the same clock
   */
  Decision take(long wholeAt, long now) {
    long whole = interval() * requests;
    long from = Math.min(Math.max(wholeAt, now), now + whole);
    long next = from + interval();
    return next - now <= whole
        ? new Decision(true, next, next - now)
        : new Decision(false, from, from - now);
  }

  /** How many more requests are allowed at once. */
  long remaining(Decision decision) {
    return Math.max(0, (interval() * requests - decision.ahead) / interval());
  }

  /** Seconds until the quota is whole again, rounded up. */
  long resetSeconds(Decision decision) {
    return seconds(decision.ahead);
  }

  /** Seconds until a refused request is allowed, rounded up. */
  long retrySeconds(Decision decision) {
    return Math.max(1, seconds(decision.ahead + interval() - interval() * requests));
  }

  private static long seconds(long micros) {
    return (micros + SECOND - 1) / SECOND;
  }
}
