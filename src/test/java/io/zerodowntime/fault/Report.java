package io.zerodowntime.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tables of {@code docs/resilience.md}. Each run writes them to {@code target/resilience.md};
 * the long form of all faults also puts them between the markers of the document.
 */
final class Report {
  private static final Path WRITTEN = Path.of("target", "resilience.md");
  private static final Path DOCUMENT = Path.of("docs", "resilience.md");
  private static final String BEGIN = "<!-- written by FaultIT: begin -->\n";
  private static final String END = "<!-- written by FaultIT: end -->";
  private static final String SUMMARY =
      """
      | fault | slowest answer | back to normal after | 500s | no answer | stack traces | \
      burst | connections | sessions | memory | acknowledged writes | of them wrong | remark |
      |---|---|---|---|---|---|---|---|---|---|---|---|---|
      """;

  private final SortedMap<Integer, FaultOutcome> byPlace = new ConcurrentSkipListMap<>();
  private final List<String> places = Fault.all().stream().map(Fault::name).toList();
  private final FaultTiming timing;

  Report(FaultTiming timing) {
    this.timing = timing;
  }

  void add(FaultOutcome outcome) {
    byPlace.put(places.indexOf(outcome.fault().name()), outcome);
  }

  void write() throws IOException {
    String text = text();
    Files.writeString(WRITTEN, text);
    if (FaultTiming.isLong() && FaultTiming.only().isEmpty()) {
      String document = Files.readString(DOCUMENT);
      int begin = document.indexOf(BEGIN) + BEGIN.length();
      int end = document.indexOf(END);
      Files.writeString(DOCUMENT, document.substring(0, begin) + text + document.substring(end));
    }
  }

  private String text() {
    Collection<FaultOutcome> outcomes = byPlace.values();
    return "Deadline of a request %s, faults of %s.\n\n"
            .formatted(seconds(timing.deadline()), seconds(timing.duration()))
        + SUMMARY
        + outcomes.stream().map(this::summary).collect(Collectors.joining())
        + "\nSlowest answer and answers of each call while the fault lasts:\n\n"
        + row("fault", calls().map(Call::label).toList())
        + row("---", calls().map(call -> "---").toList())
        + outcomes.stream().map(Report::cells).collect(Collectors.joining());
  }

  private static Stream<Call> calls() {
    return Arrays.stream(Call.values());
  }

  private String summary(FaultOutcome outcome) {
    FaultOutcome.Held held = outcome.held();
    Resources before = held.before();
    Resources after = held.after();
    long silent = outcome.all().filter(HttpAnswer::unanswered).count();
    return row(
        outcome.fault().name(),
        List.of(
            seconds(outcome.slowest()),
            outcome
                .recovery()
                .map(Report::seconds)
                .orElse("not within " + seconds(timing.recovery())),
            String.valueOf(outcome.errors()),
            String.valueOf(silent),
            String.valueOf(held.log().stackTraces()),
            held.burst() + " of " + ConcurrentRequests.SIZE,
            before.connections() + " → " + after.connections(),
            before.sessions() + " → " + after.sessions(),
            before.mebibytes() + " → " + after.mebibytes() + " MiB",
            String.valueOf(outcome.written().acknowledged()),
            String.valueOf(outcome.written().complaints().size()),
            outcome.fault().remark()));
  }

  private static String cells(FaultOutcome outcome) {
    return row(outcome.fault().name(), calls().map(call -> cell(outcome.during(call))).toList());
  }

  private static String cell(List<HttpAnswer> answers) {
    if (answers.isEmpty()) {
      return "";
    }
    Duration slowest =
        answers.stream().map(HttpAnswer::took).max(Duration::compareTo).orElseThrow();
    TreeMap<String, Long> labels =
        answers.stream()
            .collect(Collectors.groupingBy(HttpAnswer::label, TreeMap::new, Collectors.counting()));
    String counts =
        labels.entrySet().stream()
            .map(entry -> entry.getKey() + " × " + entry.getValue())
            .collect(Collectors.joining(", "));
    return seconds(slowest) + ": " + counts;
  }

  private static String row(String first, List<String> cells) {
    return "| " + first + " | " + String.join(" | ", cells) + " |\n";
  }

  private static String seconds(Duration time) {
    return "%.1f s".formatted(time.toMillis() / 1e3);
  }
}
