package io.zerodowntime.scenario;

import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What clients were answered, and when, while one edge after the other failed. */
final class EdgeAnswers {
  private static final long CALM = Duration.ofSeconds(1).toNanos();
  private static final int KEPT = 20;

  private static final Set<Call> READS = EnumSet.of(Call.OWN_READ, Call.OWN_LIST, Call.READ);

  private final Queue<Answer> all = new ConcurrentLinkedQueue<>();

  /** What clients send, and how its success is answered. */
  enum Call {
    CREATE(201),
    UPDATE(200),
    KEYED_CREATE(201),
    KEYED_UPDATE(200),
    REPLAY_CREATE(201),
    REPLAY_UPDATE(200),
    OWN_READ(200),
    OWN_LIST(200),
    READ(200);

    private final int success;

    Call(int success) {
      this.success = success;
    }

    boolean creates() {
      return success == 201;
    }

    boolean reads() {
      return READS.contains(this);
    }

    boolean keyed() {
      return !reads() && this != CREATE && this != UPDATE;
    }
  }

  /**
   * What came back for a request.
   *
   * @param sent by {@link System#nanoTime}
   * @param status 0 if there was no answer
   * @param problem the end of its type; without an answer, the name of the failure
   * @param documented whether it is a 503 with a problem as its body and Retry-After
   */
  record Answer(
      Call call,
      URI instance,
      long sent,
      Duration took,
      int status,
      String problem,
      boolean documented) {

    boolean good() {
      return status == call.success;
    }

    long ended() {
      return sent + took.toNanos();
    }

    String label() {
      return ((status == 0 ? "no answer" : String.valueOf(status)) + " " + problem).strip();
    }
  }

  /** A time in which a killed instance may leave its own clients without an answer. */
  record Outage(URI instance, long from, long to) {
    boolean explains(Answer answer) {
      return answer.status() == 0
          && answer.instance().equals(instance)
          && answer.sent() < to
          && answer.ended() >= from;
    }
  }

  void add(Answer answer) {
    all.add(answer);
  }

  /** Those that were in flight at some moment between two instants. */
  List<Answer> between(long from, long to) {
    return all.stream().filter(a -> a.sent() < to && a.ended() >= from).toList();
  }

  /** Whether a client was answered anything but a success since then. */
  boolean failedSince(long from) {
    return all.stream().anyMatch(a -> a.ended() >= from && !a.good());
  }

  /**
   * How long after an instant every call succeeded again; it must have gone on so for a second.
   *
   * @return empty while it does not hold
   */
  Optional<Duration> back(long from) {
    long failed = from;
    for (Answer answer : all) {
      failed = answer.good() ? failed : Math.max(failed, answer.ended());
    }
    Map<Call, Long> first = new EnumMap<>(Call.class);
    for (Answer answer : all) {
      if (answer.sent() >= from && answer.ended() >= failed) {
        first.merge(answer.call(), answer.ended(), Math::min);
      }
    }
    long back = first.values().stream().reduce(failed, Math::max);
    return first.size() < Call.values().length || System.nanoTime() - back < CALM
        ? Optional.empty()
        : Optional.of(Duration.ofNanos(back - from));
  }

  /** What must not be: undocumented, later than the limit, or missing without an outage. */
  List<String> wrong(Duration limit, Outage outage) {
    Predicate<Answer> late = answer -> answer.took().compareTo(limit) > 0;
    return all.stream()
        .filter(late.or(a -> !a.good() && !a.documented() && !outage.explains(a)))
        .limit(KEPT)
        .map(String::valueOf)
        .toList();
  }

  /** Such as {@code 120 good, 503 busy × 2}. */
  static String counts(Collection<Answer> answers) {
    Map<String, Long> failed =
        answers.stream()
            .filter(answer -> !answer.good())
            .collect(Collectors.groupingBy(Answer::label, TreeMap::new, Collectors.counting()));
    long good = answers.stream().filter(Answer::good).count();
    return failed.entrySet().stream()
        .map(each -> ", " + each.getKey() + " × " + each.getValue())
        .collect(Collectors.joining("", good + " good", ""));
  }
}
