package io.zerodowntime.fault;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an outcome has against it. Times are not judged, only that there is an end. */
final class OutcomeCheck {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private OutcomeCheck() {}

  /** Everything that must not be; empty if all is right. */
  static List<String> violations(FaultOutcome outcome) {
    List<String> wrong = new ArrayList<>();
    wrong.addAll(counted(outcome.all().filter(OutcomeCheck::isWrong)));
    for (Call call : outcome.fault().undisturbed()) {
      List<HttpAnswer> answers = outcome.during(call);
      long good = answers.stream().filter(HttpAnswer::good).count();
      // a machine that stands still for a moment may cost single ones
      if (good * 2 < answers.size() || good == 0) {
        wrong.add("%s goes on: %d of %d".formatted(call.label(), good, answers.size()));
      }
    }
    if (outcome.recovery().isEmpty()) {
      wrong.add("it does not come back to normal, and at last answers " + last(outcome.after()));
    }
    FaultOutcome.Held held = outcome.held();
    if (held.burst() < ConcurrentRequests.SIZE) {
      wrong.add("of a burst afterwards %d of %d".formatted(held.burst(), ConcurrentRequests.SIZE));
    }
    if (!held.after().agree()) {
      wrong.add("connections and sessions differ: " + held.after());
    }
    if (held.log().stackTraces() > 0) {
      wrong.add(held.log().stackTraces() + " stack traces, the first: " + held.log().first());
    }
    wrong.addAll(outcome.written().complaints());
    return wrong;
  }

  /** How often which answer came in the last second. */
  private static List<String> last(List<HttpAnswer> answers) {
    long end = answers.stream().mapToLong(HttpAnswer::ended).max().orElse(0);
    return counted(answers.stream().filter(answer -> answer.ended() > end - SECOND));
  }

  private static List<String> counted(Stream<HttpAnswer> answers) {
    return answers.collect(Collectors.groupingBy(OutcomeCheck::words)).entrySet().stream()
        .map(same -> same.getValue().size() + " x " + same.getKey())
        .sorted()
        .toList();
  }

  private static boolean isWrong(HttpAnswer answer) {
    return !answer.documented() && !answer.gaveUp();
  }

  private static String words(HttpAnswer answer) {
    return answer.call().label() + ": " + answer.label();
  }
}
