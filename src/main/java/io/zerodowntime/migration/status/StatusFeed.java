package io.zerodowntime.migration.status;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Rotation;
import io.zerodowntime.migration.Sequential;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Readings of the status that many clients share: however many ask, the database is asked about
 * once a second, and for the list about {@link #AT_ONCE} migrations, in turn.
 */
@ApplicationScoped
public class StatusFeed {
  private static final Duration FRESH = Duration.ofMillis(900);
  private static final int AT_ONCE = 4;

  private final Migrations migrations;
  private final StatusReports reports;
  private final Rotation turn = new Rotation(AT_ONCE);
  private final Map<String, Shared<MigrationStatus>> shared = new ConcurrentHashMap<>();
  private final Map<String, MigrationSummary> known = new ConcurrentHashMap<>();
  private final Shared<List<MigrationSummary>> list = new Shared<>(this::readSome, FRESH);

  StatusFeed(Migrations migrations, StatusReports reports) {
    this.migrations = migrations;
    this.reports = reports;
  }

  /** Where the migration stands, read about a second ago or later. */
  public Uni<MigrationStatus> of(Migration migration) {
    return shared
        .computeIfAbsent(migration.name(), name -> new Shared<>(() -> reports.of(migration), FRESH))
        .get();
  }

  /** Every migration in the order of their names, each as it was read last. */
  public Uni<List<MigrationSummary>> all() {
    return list.get();
  }

  private Uni<List<MigrationSummary>> readSome() {
    return Sequential.map(turn.next(migrations.all()), reports::of)
        .invoke(
            read ->
                read.forEach(
                    each -> known.put(each.definition().name(), MigrationSummary.of(each))))
        .map(read -> migrations.all().stream().map(this::summary).toList());
  }

  private MigrationSummary summary(Migration migration) {
    MigrationSummary read = known.get(migration.name());
    return read == null ? MigrationSummary.unread(migration) : read;
  }
}
