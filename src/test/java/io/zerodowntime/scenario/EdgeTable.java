package io.zerodowntime.scenario;

import io.zerodowntime.scenario.EdgeAnswers.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/** The table of edges and faults, with what clients saw of each. */
final class EdgeTable {
  private static final Path WRITTEN = Path.of("target", "edges.md");
  private static final String HEAD =
      """
      | edge | fault | it lasted | slowest answer | un-keyed writes | keyed writes and replays \
      | reads | back after |
      |---|---|---|---|---|---|---|---|
      """;

  private final StringBuilder rows = new StringBuilder(HEAD);

  /**
   * A row more.
   *
   * @param answers those that were in flight while it lasted
   * @param back after the cause had ended
   */
  void add(String edge, String fault, Duration lasted, List<Answer> answers, Duration back) {
    Duration slowest =
        answers.stream().map(Answer::took).max(Duration::compareTo).orElse(Duration.ZERO);
    rows.append(
        "| %s | %s | %s | %s | %s | %s | %s | %s |%n"
            .formatted(
                edge,
                fault,
                seconds(lasted),
                seconds(slowest),
                cell(answers, answer -> !answer.call().keyed() && !answer.call().reads()),
                cell(answers, answer -> answer.call().keyed()),
                cell(answers, answer -> answer.call().reads()),
                seconds(back)));
  }

  private static String cell(List<Answer> answers, Predicate<Answer> wanted) {
    return EdgeAnswers.counts(answers.stream().filter(wanted).toList());
  }

  private static String seconds(Duration time) {
    return "%.1f s".formatted(time.toMillis() / 1e3);
  }

  void write() throws IOException {
    Files.writeString(WRITTEN, rows);
    System.out.println(rows);
  }
}
