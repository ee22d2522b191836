package io.zerodowntime.migration.status;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.status.MigrationStatus.PhaseName;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * A migration in a list. Until it has been read, all but its name and its table is empty.
 *
 * @param readAt when the database was asked
 * @param closedGates the gates that stand before the next step, by their names
 * @param contractedAt when the old columns were dropped
 */
@RegisterForReflection
public record MigrationSummary(
    String name,
    String table,
    Optional<OffsetDateTime> readAt,
    Optional<PhaseName> requested,
    Optional<PhaseName> effective,
    boolean drained,
    Optional<String> nextStep,
    List<String> closedGates,
    Optional<RunStatus> backfill,
    long unrepairedMismatches,
    Optional<OffsetDateTime> contractedAt) {

  static MigrationSummary unread(Migration migration) {
    return new MigrationSummary(
        migration.name(),
        migration.table(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        true,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        0,
        Optional.empty());
  }

  static MigrationSummary of(MigrationStatus status) {
    return new MigrationSummary(
        status.definition().name(),
        status.definition().table(),
        Optional.of(status.readAt()),
        status.phase().requested(),
        Optional.of(status.phase().effective()),
        status.phase().drained(),
        Optional.of(status.phase().nextStep()),
        status.phase().gates().stream().filter(gate -> !gate.open()).map(Verdict::gate).toList(),
        status.backfill(),
        status.unrepairedMismatches(),
        status.phase().contractedAt());
  }
}
