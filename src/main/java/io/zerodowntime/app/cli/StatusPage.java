package io.zerodowntime.app.cli;

import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.GracePeriod.Holder;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.MigrationStatus.Instance;
import io.zerodowntime.migration.status.MigrationStatus.PhaseName;
import io.zerodowntime.migration.status.MigrationStatus.PhaseStatus;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import io.zerodowntime.migration.status.WriterCoverage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The status on one screen: at most {@link #LINES} lines, what is closed before what is open. */
final class StatusPage {
  static final int LINES = 24;

  private static final int GATES = 3;
  private static final int NAMES = 2;

  private final Terminal terminal;
  private final List<String> lines = new ArrayList<>();

  private StatusPage(Terminal terminal) {
    this.terminal = terminal;
  }

  /** One migration. */
  static List<String> of(MigrationStatus status, Terminal terminal) {
    StatusPage page = new StatusPage(terminal);
    page.head(status);
    page.phase(status.phase());
    page.work(status);
    page.writers(status);
    status
        .flagCommands()
        .forward()
        .ifPresent(next -> page.add("flags    for phase %d: %s", next.phase(), next.command()));
    return page.lines;
  }

  /** Several migrations, one line each. */
  static List<String> of(List<MigrationStatus> all, Terminal terminal) {
    StatusPage page = new StatusPage(terminal);
    page.some(all, LINES - 2, "migrations", StatusPage::summary);
    page.add("status NAME shows one of them");
    return page.lines;
  }

  private static String summary(MigrationStatus status) {
    PhaseStatus phase = status.phase();
    long closed = phase.gates().stream().filter(gate -> !gate.open()).count();
    String next =
        phase.contractedAt().isPresent()
            ? "contracted"
            : "next step %s: %s"
                .formatted(
                    phase.nextStep(),
                    closed == 0
                        ? Terminal.good("every gate is open")
                        : Terminal.bad(closed + " of " + phase.gates().size() + " gates closed"));
    return "%s  phase %s, %s%s"
        .formatted(
            Terminal.strong(status.definition().name()),
            name(phase.effective()),
            next,
            status
                .backfill()
                .filter(run -> run.state() == RunState.RUNNING)
                .map(run -> ", backfill " + share(run))
                .orElse(""));
  }

  private void head(MigrationStatus status) {
    MigrationStatus.Definition definition = status.definition();
    add(
        "%s  %s: %s -> %s",
        Terminal.strong(definition.name()),
        definition.table(),
        String.join(", ", definition.oldColumns()),
        String.join(", ", definition.newColumns()));
  }

  private void phase(PhaseStatus phase) {
    add(
        "phase    %s, epoch %d, %s; asked for: %s",
        Terminal.strong(name(phase.effective())),
        phase.epoch(),
        phase.drained() ? "drained" : Terminal.bad("not drained"),
        phase.requested().map(StatusPage::name).orElse("no agreement"));
    phase.disagreement().ifPresent(who -> add("         %s", Terminal.bad("held back: " + who)));
    phase
        .flagsRejected()
        .ifPresent(why -> add("         %s", Terminal.bad("flags refused here: " + why)));
    some(phase.gracePeriod(), NAMES, "transactions", StatusPage::holder);
    if (phase.contractedAt().isPresent()) {
      add("         contracted at %s", phase.contractedAt().get());
      return;
    }
    List<Verdict> closed = phase.gates().stream().filter(gate -> !gate.open()).toList();
    add("step     %s", phase.nextStep());
    if (closed.size() < phase.gates().size()) {
      add(
          "  %s   %s",
          Terminal.good("open"),
          phase.gates().stream()
              .filter(Verdict::open)
              .map(Verdict::gate)
              .collect(Collectors.joining(", ")));
    }
    some(
        closed,
        GATES,
        "closed gates",
        gate -> "  %s %s: %s".formatted(Terminal.bad("CLOSED"), gate.gate(), gate.reason()),
        gate -> "         -> " + gate.remedy());
  }

  private void work(MigrationStatus status) {
    status.indexBuild().ifPresent(build -> add("index    %s", build));
    add("backfill %s", run(status.backfill(), status.pace()));
    add("parity   %s", run(status.parity(), status.pace()));
    if (status.unrepairedMismatches() > 0) {
      add("         %s", Terminal.bad(mismatches(status)));
    }
  }

  /** By how much the pace slows the run, and what it has read. */
  private static String slowed(ThrottleReason by, MigrationStatus.PaceStatus pace) {
    return pace.detail()
        .filter(read -> pace.reason().equals(Optional.of(by)))
        .map(read -> " to %d %%: %s".formatted(Math.round(pace.share() * 100), read))
        .orElse("");
  }

  private static String mismatches(MigrationStatus status) {
    return "%d keys disagree and are not repaired, the first: %s"
        .formatted(
            status.unrepairedMismatches(),
            status.mismatchedKeys().stream()
                .limit(NAMES)
                .map(MigrationStatus.MismatchedKey::key)
                .collect(Collectors.joining(", ")));
  }

  private void writers(MigrationStatus status) {
    Map<String, Long> asking =
        status.instances().stream()
            .map(Instance::requested)
            .map(StatusPage::name)
            .collect(
                Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    add(
        "live     %s; covered: %s",
        asking.isEmpty()
            ? "no instance"
            : asking.entrySet().stream()
                .map(each -> "%d ask for %s".formatted(each.getValue(), each.getKey()))
                .collect(Collectors.joining(", ")),
        WriterCoverage.line(status.writers()));
    some(
        status.unfencedWriters(),
        NAMES,
        "writers of one side",
        writer ->
            "one side %s (role %s) at %s: %s"
                .formatted(
                    writer.application(), writer.role(), writer.lastAt(), writer.statement()));
  }

  private static String holder(Holder holder) {
    return String.format(
        Locale.ROOT,
        "         waiting for pid %s (%s), %.1f s old",
        holder.pid().map(String::valueOf).orElse("-"),
        holder.applicationName().or(holder::preparedAs).orElse("?"),
        holder.ageSeconds());
  }

  private static String run(Optional<RunStatus> run, MigrationStatus.PaceStatus pace) {
    return run.map(
            r ->
                "%s %s %s: %s%s"
                    .formatted(
                        share(r),
                        r.wholeTable() ? r.kind().label() : "repair",
                        r.state().label(),
                        rows(r),
                        r.pace().throttledBy().map(by -> slowed(by, pace)).orElse("")))
        .orElse("none yet");
  }

  /**
   * What a run did, for example {@code 500 of about 1000 rows, 12 changed, 120 rows/s, 4 s left}.
   */
  static String rows(RunStatus run) {
    MigrationStatus.RunRows rows = run.rows();
    StringBuilder text = new StringBuilder();
    text.append(rows.scannedRows());
    if (rows.lagRows() > 0) {
      text.append(" of about ").append(rows.rowsEstimate());
    }
    text.append(" rows looked at, ");
    boolean comparison = run.mode().isPresent();
    text.append(comparison ? rows.mismatchedRows() : rows.changedRows());
    text.append(comparison ? " disagree" : " changed");
    if (rows.lockedRows() > 0) {
      text.append(", ").append(rows.lockedRows()).append(" are locked and left for later");
    }
    if (rows.rowsPerSecond() > 0) {
      text.append(String.format(Locale.ROOT, ", %.0f rows/s", rows.rowsPerSecond()));
    }
    rows.etaSeconds().ifPresent(seconds -> text.append(", ").append(time(seconds)).append(" left"));
    run.pace().throttledBy().ifPresent(why -> text.append(", slowed by ").append(why.label()));
    return text.toString();
  }

  private static String time(long seconds) {
    return seconds < 120
        ? seconds + " s"
        : seconds < 7200 ? seconds / 60 + " min" : seconds / 3600 + " h";
  }

  /** How far a run is, as a bar. */
  static String share(RunStatus run) {
    MigrationStatus.RunRows rows = run.rows();
    boolean complete = run.state() == RunState.COMPLETE || rows.rowsEstimate() == 0;
    return Terminal.bar(
        complete ? 1 : Math.min(0.99, rows.scannedRows() / (double) rows.rowsEstimate()));
  }

  private static String name(PhaseName phase) {
    return phase.phase() + " (" + phase.name() + ")";
  }

  /** The first of them, with the lines for each, and how many more there are. */
  @SafeVarargs
  private <T> void some(List<T> all, int most, String nouns, Function<T, String>... texts) {
    all.stream()
        .limit(most)
        .forEach(
            each -> {
              for (Function<T, String> text : texts) {
                lines.add(terminal.line(text.apply(each)));
              }
            });
    if (all.size() > most) {
      add("         %s: %d more", nouns, all.size() - most);
    }
  }

  private void add(String format, Object... values) {
    lines.add(terminal.line(String.format(Locale.ROOT, format, values)));
  }
}
