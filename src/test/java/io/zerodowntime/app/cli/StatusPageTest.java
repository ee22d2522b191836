package io.zerodowntime.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.Evidence.ShadowEvidence;
import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.UnfencedWriter;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.backfill.indicator.Signal;
import io.zerodowntime.migration.parity.MismatchSource;
import io.zerodowntime.migration.phase.GracePeriod.Holder;
import io.zerodowntime.migration.status.FlagView.Command;
import io.zerodowntime.migration.status.FlagView.Commands;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.MigrationStatus.Definition;
import io.zerodowntime.migration.status.MigrationStatus.IndicatorStatus;
import io.zerodowntime.migration.status.MigrationStatus.Instance;
import io.zerodowntime.migration.status.MigrationStatus.MismatchedKey;
import io.zerodowntime.migration.status.MigrationStatus.PaceStatus;
import io.zerodowntime.migration.status.MigrationStatus.PhaseName;
import io.zerodowntime.migration.status.MigrationStatus.PhaseStatus;
import io.zerodowntime.migration.status.MigrationStatus.RunPace;
import io.zerodowntime.migration.status.MigrationStatus.RunRows;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import io.zerodowntime.migration.status.WriterCoverage;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Proves that a terminal shows what matters in 24 lines, whatever others have called themselves.
 */
class StatusPageTest {
  private static final Terminal PLAIN = new Terminal(false, false);
  private static final Terminal COLOURED = new Terminal(true, true);
  private static final OffsetDateTime NOW = OffsetDateTime.parse("2026-01-02T03:04:05Z");
  private static final ThrottleReason LAG =
      new ThrottleReason.Indicated(IndicatorName.REPLICA_LAG, true);
  private static final String HOSTILE = "psql\u001b[2J\u0007\nphase 3";

  @Test
  void theWorstStatusFits() {
    assertThat(StatusPage.of(worst(), PLAIN))
        .hasSize(StatusPage.LINES)
        .contains("         closed gates: 5 more")
        .contains("         writers of one side: 98 more")
        .anyMatch(line -> line.startsWith("live     200 ask for 1 (dual-write)"))
        .anyMatch(
            line ->
                line.startsWith("backfill [###############...............]  50 %")
                    && line.contains("500 of about 1000 rows looked at, 12 changed")
                    && line.contains(
                        "120 rows/s, 4 s left, slowed by replica_lag to 50 %: behind"));
  }

  @Test
  void textsOfOthersDoNotSteerTheTerminal() {
    assertThat(StatusPage.of(worst(), PLAIN))
        .noneMatch(line -> line.chars().anyMatch(Character::isISOControl))
        .anyMatch(line -> line.contains("(psql?[2J??phase 3)"));
    assertThat(String.join("", StatusPage.of(worst(), COLOURED)))
        .doesNotContain("\u001b[2J", "\u0007");
  }

  @Test
  void colourIsForThoseWhoHaveIt() {
    assertThat(StatusPage.of(worst(), COLOURED))
        .anyMatch(line -> line.startsWith("  \u001b[31;1mCLOSED\u001b[0m "));
    assertThat(String.join("", StatusPage.of(worst(), PLAIN)))
        .contains("CLOSED gate-0: reason")
        .doesNotContain("\u001b", "\uE000", "\uE002");
  }

  @Test
  void manyMigrationsAreALineEach() {
    List<String> page = StatusPage.of(Collections.nCopies(40, worst()), PLAIN);

    assertThat(page).hasSize(StatusPage.LINES).contains("         migrations: 18 more");
    assertThat(page.get(0))
        .startsWith("orders-status  phase 1 (dual-write), next step 1 -> 2: 8 of 9 gates closed")
        .contains("gates closed, backfill [###############...............]  50 %");
  }

  private static MigrationStatus worst() {
    return new MigrationStatus(
        new Definition("orders-status", "orders", List.of("old_status"), List.of("status")),
        phase(),
        Optional.empty(),
        Optional.of(run(RunKind.FORWARD, Optional.empty())),
        Optional.of(run(RunKind.PARITY, Optional.of("snapshot"))),
        new PaceStatus(
            0.5,
            Optional.of(LAG),
            Optional.of("behind"),
            Collections.nCopies(
                8, new IndicatorStatus("replica_lag", Signal.SLOW, true, "behind"))),
        7,
        Collections.nCopies(7, new MismatchedKey("[1]", MismatchSource.SCAN, NOW)),
        new ShadowEvidence(1, 2, 3),
        Collections.nCopies(200, new Instance(HOSTILE, phase(1), phase(1), "0.1.0", NOW, NOW)),
        List.of(new WriterCoverage("fleet", Optional.of(200), "fence")),
        Collections.nCopies(
            100,
            new UnfencedWriter(HOSTILE, "app", "UPDATE orders\nSET old_status = $1", NOW, NOW)),
        Optional.empty(),
        new Commands(Optional.of(new Command(2, "kubectl patch")), Optional.empty()),
        NOW);
  }

  private static PhaseStatus phase() {
    List<Verdict> gates =
        IntStream.range(0, 9)
            .mapToObj(
                i ->
                    i == 8
                        ? Verdict.open("drained", "epoch 1 is drained")
                        : Verdict.closed("gate-" + i, "reason", "remedy"))
            .toList();
    Holder holder =
        new Holder(
            "3/4", Optional.of(7), Optional.of(HOSTILE), Optional.empty(), 1.5, Optional.empty());
    return new PhaseStatus(
        Optional.of(phase(2)),
        Optional.of("a asks for 1"),
        Optional.of("DUAL_WRITE must be true or false"),
        phase(1),
        1,
        NOW,
        false,
        Collections.nCopies(9, holder),
        "1 -> 2",
        gates,
        Map.of(),
        false,
        Optional.empty());
  }

  private static PhaseName phase(int number) {
    return new PhaseName(number, number == 1 ? "dual-write" : "read-new");
  }

  private static RunStatus run(RunKind kind, Optional<String> mode) {
    return new RunStatus(
        1,
        kind,
        List.of(),
        RunState.RUNNING,
        mode,
        true,
        new RunRows(1000, 500, 12, 0, 0, 500, 120, Optional.of(4L)),
        new RunPace(1000, 100, 0.5, Optional.of(LAG)),
        NOW,
        Optional.empty());
  }
}
