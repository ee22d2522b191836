package io.zerodowntime.migration.status;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.Evidence.ShadowEvidence;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.UnfencedWriter;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.backfill.Pacing;
import io.zerodowntime.migration.backfill.indicator.Reading;
import io.zerodowntime.migration.backfill.indicator.Signal;
import io.zerodowntime.migration.parity.MismatchSource;
import io.zerodowntime.migration.phase.GracePeriod;
import io.zerodowntime.migration.schema.IndexBuilds.IndexBuild;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a migration stands: what operators, metrics and the command line show. In JSON the members
 * of {@link Definition} and {@link PhaseStatus} stand beside the others.
 *
 * @param indexBuild the build of an index on the table that runs now
 * @param backfill the last backfill
 * @param parity the last comparison
 * @param pace how fast a run may be, as the answering process sees it
 * @param writers how each kind of writer is covered
 * @param unfencedWriters who was seen writing one side only, the last one first; needs triggers
 * @param mismatchedKeys the first of the keys that disagree, the oldest first
 * @param service how the answering instance's own requests did lately; empty in a command
 * @param flagCommands how the flags are made to ask for a neighbouring phase
 * @param readAt when it was read, by the clock of the answering instance
 */
@RegisterForReflection
public record MigrationStatus(
    @JsonUnwrapped Definition definition,
    @JsonUnwrapped PhaseStatus phase,
    Optional<IndexBuild> indexBuild,
    Optional<RunStatus> backfill,
    Optional<RunStatus> parity,
    PaceStatus pace,
    long unrepairedMismatches,
    List<MismatchedKey> mismatchedKeys,
    ShadowEvidence shadow,
    List<Instance> instances,
    List<WriterCoverage> writers,
    List<UnfencedWriter> unfencedWriters,
    Optional<ServiceReading> service,
    FlagView.Commands flagCommands,
    OffsetDateTime readAt) {

  /** What is moved. */
  @RegisterForReflection
  public record Definition(
      String name, String table, List<String> oldColumns, List<String> newColumns) {
    static Definition of(Migration migration) {
      return new Definition(
          migration.name(), migration.table(), migration.oldNames(), migration.newNames());
    }
  }

  /**
   * The phase, and what stands before the next one.
   *
   * @param requested what every live instance asks for; empty if there is none, or they disagree
   * @param disagreement who asks for what, where they disagree
   * @param flagsRejected why the answering instance refused its flags as they stand
   * @param effective the phase that is in force
   * @param since when the epoch began
   * @param drained no transaction that could have acted on an earlier phase is running
   * @param gracePeriod who is waited for
   * @param nextStep the step whose gates are shown: the one asked for, else the next forward;
   *     {@code drop} in phase 3, {@code none} after the drop
   * @param gatesSince since when each gate is as it is, as the answering instance saw it
   * @param oldStale phase 3 was entered, and the old column was not refilled since
   */
  @RegisterForReflection
  public record PhaseStatus(
      Optional<PhaseName> requested,
      Optional<String> disagreement,
      Optional<String> flagsRejected,
      PhaseName effective,
      long epoch,
      OffsetDateTime since,
      boolean drained,
      List<GracePeriod.Holder> gracePeriod,
      String nextStep,
      List<Verdict> gates,
      Map<String, OffsetDateTime> gatesSince,
      boolean oldStale,
      Optional<OffsetDateTime> contractedAt) {}

  /** A phase by its number and its name. */
  @RegisterForReflection
  public record PhaseName(int phase, String name) {
    static PhaseName of(Phase phase) {
      return new PhaseName(phase.number(), phase.label());
    }
  }

  /**
   * A run over the table. In JSON the members of {@link RunRows} and {@link RunPace} stand beside
   * the others.
   *
   * @param authoritativeColumns the columns that win: the run copies their values; empty for a
   *     comparison
   * @param mode {@code snapshot} or {@code key-order}: how a comparison reads the table; empty for
   *     a backfill
   * @param wholeTable false for a repair of some keys
   */
  @RegisterForReflection
  public record RunStatus(
      long run,
      RunKind kind,
      List<String> authoritativeColumns,
      RunState state,
      Optional<String> mode,
      boolean wholeTable,
      @JsonUnwrapped RunRows rows,
      @JsonUnwrapped RunPace pace,
      OffsetDateTime startedAt,
      Optional<OffsetDateTime> finishedAt) {}

  /**
   * How far a run is.
   *
   * @param lockedRows rows passed over because others hold them; they come again
   * @param lagRows rows still to be looked at
   * @param rowsPerSecond of the whole fleet within the last seconds
   * @param etaSeconds from that rate; empty while nothing moves
   */
  @RegisterForReflection
  public record RunRows(
      long rowsEstimate,
      long scannedRows,
      long changedRows,
      long mismatchedRows,
      long lockedRows,
      long lagRows,
      double rowsPerSecond,
      Optional<Long> etaSeconds) {}

  /**
   * How fast a run may go.
   *
   * @param throttledBy why the run is slower than its limits allow; empty if it is not
   */
  @RegisterForReflection
  public record RunPace(
      int batchSize, long delayMillis, double targetLoad, Optional<ThrottleReason> throttledBy) {}

  /**
   * How fast a run may be, and what each indicator says about it.
   *
   * @param share of the free pace, above 0 and up to 1
   * @param reason what made it slower; empty at the free pace
   * @param detail what was read of that, for people; empty at the free pace
   */
  @RegisterForReflection
  public record PaceStatus(
      double share,
      Optional<ThrottleReason> reason,
      Optional<String> detail,
      List<IndicatorStatus> indicators) {
    static PaceStatus of(Pacing pacing) {
      return new PaceStatus(
          Math.round(pacing.share() * 1000) / 1000.0,
          pacing.reason(),
          pacing.detail(),
          pacing.readings().stream().map(IndicatorStatus::of).toList());
    }
  }

  /**
   * What one indicator says.
   *
   * @param known false if it could not be read, which asks for a slower pace
   * @param reading what was read, with its limit
   */
  @RegisterForReflection
  public record IndicatorStatus(String indicator, Signal signal, boolean known, String reading) {
    static IndicatorStatus of(Reading reading) {
      return new IndicatorStatus(
          reading.indicator().label(), reading.signal(), reading.known(), reading.text());
    }
  }

  /** A key whose row was found to disagree, without the values of its columns. */
  @RegisterForReflection
  public record MismatchedKey(String key, MismatchSource source, OffsetDateTime foundAt) {}

  /** One live instance. */
  @RegisterForReflection
  public record Instance(
      String instance,
      PhaseName requested,
      PhaseName writesUpTo,
      String version,
      OffsetDateTime startedAt,
      OffsetDateTime heartbeatAt) {
    static Instance of(LiveInstance live) {
      return new Instance(
          live.instance(),
          PhaseName.of(live.requested()),
          PhaseName.of(live.writesUpTo()),
          live.version(),
          live.startedAt(),
          live.heartbeatAt());
    }
  }
}
