package io.zerodowntime.scenario;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;

/** What became of each writer in each trap. */
final class TrapTable {
  private final Map<String, Map<Trap, List<Throwable>>> failures = new LinkedHashMap<>();
  private final Map<String, String> skipped = new LinkedHashMap<>();

  /** One look at one writer. */
  interface Check {
    void of(WriterProcess writer) throws Exception;
  }

  /** A writer that does not run, and why. */
  void skip(String writer, String reason) {
    skipped.put(writer, reason);
  }

  /** Keeps the failure of a check, if it fails. A trap may have several checks. */
  void check(Trap trap, WriterProcess writer, Check check) {
    List<Throwable> found =
        failures
            .computeIfAbsent(writer.name(), name -> new EnumMap<>(Trap.class))
            .computeIfAbsent(trap, each -> new ArrayList<>());
    try {
      check.of(writer);
    } catch (Exception | AssertionError e) {
      found.add(e);
    }
  }

  /** The traps that a writer fell into. */
  Set<Trap> caught(String writer) {
    Set<Trap> caught = EnumSet.noneOf(Trap.class);
    failures
        .getOrDefault(writer, Map.of())
        .forEach(
            (trap, found) -> {
              if (!found.isEmpty()) {
                caught.add(trap);
              }
            });
    return caught;
  }

  /** A test for each writer and trap. */
  Stream<DynamicTest> tests() {
    Stream<DynamicTest> judged =
        failures.entrySet().stream()
            .flatMap(
                of ->
                    Stream.of(Trap.values())
                        .map(trap -> test(of.getKey() + ": " + trap, of.getValue().get(trap))));
    Stream<DynamicTest> missing =
        skipped.entrySet().stream()
            .map(
                each ->
                    DynamicTest.dynamicTest(
                        each.getKey(), () -> Assumptions.abort(each.getValue())));
    return Stream.concat(judged, missing);
  }

  private static DynamicTest test(String name, List<Throwable> found) {
    return DynamicTest.dynamicTest(
        name,
        () -> {
          if (found == null) {
            throw new AssertionError("not checked");
          }
          if (!found.isEmpty()) {
            throw new AssertionError(found.get(0).getMessage(), found.get(0));
          }
        });
  }

  /** Writers by traps, as Markdown. */
  String markdown() {
    List<String> names = List.copyOf(failures.keySet());
    StringBuilder table = new StringBuilder("| trap | " + String.join(" | ", names) + " |\n");
    table.append("|---".repeat(names.size() + 1)).append("|\n");
    for (Trap trap : Trap.values()) {
      table.append("| %s: %s | ".formatted(trap, trap.right()));
      table.append(names.stream().map(name -> verdict(name, trap)).collect(joining(" | ")));
      table.append(" |\n");
    }
    skipped.values().forEach(reason -> table.append("\n").append(reason).append("\n"));
    return table.toString();
  }

  private String verdict(String name, Trap trap) {
    if (failures.get(name).get(trap) == null) {
      return "not checked";
    }
    return caught(name).contains(trap) ? "FAILED" : "ok";
  }
}
