package io.zerodowntime.fault;

import java.time.Duration;

/**
 * What came back for a request.
 *
 * @param sent when it was sent, by {@link System#nanoTime}
 * @param took until the last byte of the answer, or until the client gave up
 * @param status 0 if there was no answer
 * @param problem the end of the problem's type; a few words on the failure if there was no answer
 * @param documented whether the contract allows for it: the status of a success, or 503 with a
 *     problem as its body and Retry-After
 */
record HttpAnswer(
    Call call, long sent, Duration took, int status, String problem, boolean documented) {

  // a hasty client waits a fifth of this
  private static final Duration HASTE = Duration.ofSeconds(1);

  boolean good() {
    return status >= 200 && status < 300;
  }

  /** Whether a client that waited long enough got nothing. */
  boolean unanswered() {
    return status == 0 && !gaveUp();
  }

  /** Whether a hasty client of {@link LockedRows} closed its connection. */
  boolean gaveUp() {
    return status == 0 && call == Call.LOCKED_UPDATE && took.compareTo(HASTE) < 0;
  }

  long ended() {
    return sent + took.toNanos();
  }

  /** Whether the service may have done what was asked for, although it did not say so. */
  boolean outcomeUnknown() {
    return status == 0 || (status == 503 && problem.equals("outcome-unknown"));
  }

  /** Such as {@code 503 busy}. */
  String label() {
    return status == 0 ? problem : (status + " " + problem).strip();
  }
}
