package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.plan.PlanFile.Lock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What stands behind the changesets of a plan: comments of SQL, for people. */
final class PlanReport {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private final Migration migration;
  private final TableFacts facts;
  private final Estimate estimate;
  private final GateEvaluator gates;
  private final List<String> lines = new ArrayList<>();

  PlanReport(Migration migration, TableFacts facts, Estimate estimate, GateEvaluator gates) {
    this.migration = migration;
    this.facts = facts;
    this.estimate = estimate;
    this.gates = gates;
  }

  /**
   * The report.
   *
   * @param primary flags without a prefix belong to the migration
   */
  String text(boolean primary, List<PlanFile> files) {
    line("%s: what it takes", migration.name());
    notes().forEach(note -> line("  look at this: %s", note));
    flags(primary);
    gates();
    estimates();
    locks(files);
    view();
    return lines.stream()
        .map(each -> ("-- " + each).stripTrailing())
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    facts
        .phase()
        .ifPresentOrElse(
            phase ->
                notes.add(
                    ("it is registered, in phase %d: changesets of it have run, and are never edited;"
                            + " those above are computed from the table as it is now")
                        .formatted(phase)),
            () ->
                migration.newNames().stream()
                    .filter(facts.columns()::containsKey)
                    .forEach(
                        name ->
                            notes.add(
                                "column %s exists already: expand adds it, and fails"
                                    .formatted(name))));
    List<String> nullable =
        migration.oldNames().stream().filter(name -> !facts.column(name).notNull()).toList();
    if (!nullable.isEmpty() && facts.phase().orElse(0) < 2) {
      notes.add(
          ColumnNames.say(nullable, "accepts", "accept")
              + " NULL: the stage enforce fails while a new value is NULL");
    }
    if (migration.newNames().size() > 1) {
      notes.add(
          "the stage enforce makes every new column NOT NULL: take one that may be NULL out of its"
              + " file before it runs");
    }
    facts.foreignKeys().stream()
        .filter(key -> !References.moves(migration, facts, key))
        .forEach(
            key ->
                notes.add(
                    ("the foreign key %s to %s is on an old column: move or drop it by hand before"
                            + " phase 3")
                        .formatted(key.name(), key.parent())));
    if (!facts.analyzed()) {
      notes.add("the table was never analyzed: ANALYZE it, the estimates are from nothing else");
    }
    return notes;
  }

  private void flags(boolean primary) {
    line("");
    line("flags");
    String prefix = primary ? "" : migration.name() + ".";
    line(
        "  %s",
        Stream.of(Flags.DUAL_WRITE, Flags.WRITE_TO_NEW, Flags.READ_FROM_NEW)
            .map(prefix::concat)
            .collect(Collectors.joining(", ")));
  }

  private void gates() {
    line("");
    line("gates");
    for (Step step : Step.values()) {
      line("  %-8s %s", step, String.join(", ", gates.names(migration, step)));
    }
    line("  %-8s %s", "drop", String.join(", ", gates.dropNames()));
  }

  private void estimates() {
    line("");
    line("estimates, from statistics");
    line("  %-22s %,d", "rows", estimate.rows());
    line("  %-22s %s, indexes %s", "table", size(facts.bytes()), size(facts.indexBytes()));
    line(
        "  %-22s %s",
        "new values of a row",
        estimate.newWidth().map(width -> width + " B").orElse("unknown: taken as 8 B"));
    line(
        "  %-22s %s at %,d rows/s, %s",
        "backfill", time(estimate.backfillSeconds()), estimate.rate(), estimate.rateSource());
    line(
        "  %-22s %s, and page images after each checkpoint",
        "WAL of the backfill", size(estimate.backfillWal()));
    line(
        "  %-22s %s at most, until vacuum makes room",
        "growth of the table", size(estimate.growth()));
    line("  %-22s %s, and as much WAL", "new indexes", size(estimate.indexBytes()));
    line(
        "  %-22s %s in one snapshot by one session",
        "comparison", time(estimate.comparisonSeconds()));
    line("  %-22s %s at least", "one scan of the table", time(estimate.scanSeconds()));
  }

  private void locks(List<PlanFile> files) {
    line("");
    line(
        "locks: each statement waits for its lock for deadlock_timeout and 250 ms at most, and is");
    line("tried again for MIGRATION_SCHEMA_RETRY_TIME; only an index build waits without a bound");
    List<Lock> locks = files.stream().flatMap(file -> file.locks().stream()).toList();
    int width = locks.stream().mapToInt(lock -> lock.changeset().length()).max().orElse(1);
    for (Lock lock : locks) {
      line(
          "  %-" + width + "s  %s on %s: %s", lock.changeset(), lock.mode(), lock.on(), lock.how());
    }
    line(
        "  %-" + width + "s  ROW EXCLUSIVE on %s: a batch, its rows for about 100 ms",
        "backfill",
        migration.table());
  }

  private void view() {
    line("");
    line(
        "a view for services that only read, whose reads need no change at a step: create it behind");
    line("expand, with the other columns that they need; docs/adopting.md says how it goes");
    ReaderView.of(migration).lines().forEach(each -> line("  %s", each));
  }

  private void line(String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values));
  }

  static String size(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
  }

  static String time(double seconds) {
    if (seconds < 1) {
      return "less than 1 s";
    }
    return seconds < 120
        ? String.format(Locale.ROOT, "%.0f s", seconds)
        : seconds < 7200
            ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
            : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }
}
