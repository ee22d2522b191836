package io.zerodowntime.fault;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What one fault did.
 *
 * @param during the answers of requests in flight while it lasted
 * @param after those of requests sent later
 * @param recovery after the cause ended; empty if it did not come in time
 */
record FaultOutcome(
    Fault fault,
    List<HttpAnswer> during,
    List<HttpAnswer> after,
    Optional<Duration> recovery,
    Held held,
    Written written) {

  /**
   * What the instance holds before and after, and what it logged.
   *
   * @param burst how many of {@link ConcurrentRequests#SIZE} requests afterwards succeeded
   */
  record Held(Resources before, Resources after, int burst, LogLines log) {}

  /** Acknowledged writes, and what the table says against them. */
  record Written(long acknowledged, List<String> complaints) {}

  List<HttpAnswer> during(Call call) {
    return during.stream().filter(answer -> answer.call() == call).toList();
  }

  /** Of the calls that any client waits for as long as it takes. */
  Duration slowest() {
    return during.stream().map(HttpAnswer::took).max(Duration::compareTo).orElse(Duration.ZERO);
  }

  /** Answers of 500 and above other than 503. */
  long errors() {
    return all().filter(answer -> answer.status() >= 500 && answer.status() != 503).count();
  }

  Stream<HttpAnswer> all() {
    return Stream.concat(during.stream(), after.stream());
  }
}
