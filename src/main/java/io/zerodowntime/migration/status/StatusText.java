package io.zerodowntime.migration.status;

import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.status.MigrationStatus.PhaseName;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import java.util.Locale;
import java.util.Optional;

/** The status for a terminal: what stands, what is closed, and what to do about it. */
public final class StatusText {
  private StatusText() {}

  /** A few lines, the last one ended. */
  public static String of(MigrationStatus status) {
    StringBuilder text = new StringBuilder();
    line(
        text,
        "%s: phase %s, epoch %d, %s; asked for: %s",
        status.definition().name(),
        name(status.phase().effective()),
        status.phase().epoch(),
        status.phase().drained() ? "drained" : "not drained",
        status.phase().requested().map(StatusText::name).orElse("no agreement"));
    status.phase().disagreement().ifPresent(who -> line(text, "held back: %s", who));
    status.phase().flagsRejected().ifPresent(why -> line(text, "flags refused here: %s", why));
    status
        .phase()
        .gracePeriod()
        .forEach(
            holder ->
                line(
                    text,
                    "waiting for pid %s (%s), %.1f s old",
                    holder.pid().map(String::valueOf).orElse("-"),
                    holder.applicationName().or(holder::preparedAs).orElse("?"),
                    holder.ageSeconds()));
    status
        .phase()
        .contractedAt()
        .ifPresentOrElse(
            at ->
                line(
                    text,
                    "%s at %s",
                    ColumnNames.say(
                        status.definition().oldColumns(), "was dropped", "were dropped"),
                    at),
            () -> gates(text, status));
    status.indexBuild().ifPresent(build -> line(text, "index:    %s", build));
    line(text, "backfill: %s", run(status.backfill()));
    line(text, "parity:   %s", run(status.parity()));
    status
        .instances()
        .forEach(i -> line(text, "instance: %s asks for %s", i.instance(), name(i.requested())));
    line(text, "writers:  %s", WriterCoverage.line(status.writers()));
    status
        .unfencedWriters()
        .forEach(
            writer ->
                line(
                    text,
                    "one side: %s (role %s) at %s: %s",
                    writer.application(),
                    writer.role(),
                    writer.lastAt(),
                    writer.statement()));
    return text.toString();
  }

  private static void gates(StringBuilder text, MigrationStatus status) {
    line(text, "next step: %s", status.phase().nextStep());
    for (Verdict gate : status.phase().gates()) {
      line(text, "  %-6s  %-25s  %s", gate.open() ? "open" : "CLOSED", gate.gate(), gate.reason());
      if (!gate.open()) {
        line(text, "          -> %s", gate.remedy());
      }
    }
  }

  private static String run(Optional<RunStatus> run) {
    return run.map(
            r ->
                String.format(
                    Locale.ROOT,
                    "run %d (%s%s) is %s: %d rows looked at, %d changed, %d disagree%s%s%s",
                    r.run(),
                    r.wholeTable()
                        ? r.kind().label()
                        : "repair, " + ColumnNames.wins(r.authoritativeColumns()),
                    r.mode().map(mode -> ", " + mode).orElse(""),
                    r.state().label(),
                    r.rows().scannedRows(),
                    r.rows().changedRows(),
                    r.rows().mismatchedRows(),
                    r.rows().lockedRows() > 0
                        ? ", " + r.rows().lockedRows() + " are locked and left for later"
                        : "",
                    r.rows().rowsPerSecond() > 0
                        ? String.format(Locale.ROOT, ", %.0f rows/s", r.rows().rowsPerSecond())
                        : "",
                    r.rows().etaSeconds().map(s -> ", " + s + " s left").orElse("")
                        + r.pace()
                            .throttledBy()
                            .map(why -> ", slowed by " + why.label())
                            .orElse("")))
        .orElse("none yet");
  }

  private static String name(PhaseName phase) {
    return phase.phase() + " (" + phase.name() + ")";
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
