package io.zerodowntime.migration.schema;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/** Applies the stages that closed gates wait for, where the configuration allows it. */
@ApplicationScoped
public class SchemaJob {
  private static final Logger LOG = Logger.getLogger(SchemaJob.class);

  private final Migrations migrations;
  private final DueStages stages;
  private final SchemaChanges changes;
  private final boolean enabled;
  private final StageRests rests = new StageRests(System::nanoTime);

  SchemaJob(
      Migrations migrations, DueStages stages, SchemaChanges changes, MigrationConfig config) {
    this.migrations = migrations;
    this.stages = stages;
    this.changes = changes;
    this.enabled = config.autoExpand();
  }

  @Scheduled(every = "1s", delayed = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> poll() {
    if (!enabled) {
      return Uni.createFrom().voidItem();
    }
    return migrations.each(this::poll);
  }

  private Uni<Void> poll(Migration migration) {
    return Uni.combine()
        .all()
        .unis(stages.of(migration), stages.wanted(migration))
        .asTuple()
        .chain(
            found ->
                Sequential.run(
                    found.getItem1().stream()
                        .filter(found.getItem2()::contains)
                        .filter(stage -> !rests.include(migration, stage))
                        .toList(),
                    stage -> apply(migration, stage)));
  }

  private Uni<Void> apply(Migration migration, SchemaStage stage) {
    return changes
        .apply(migration, stage)
        .invoke(report -> tell(migration, stage, report))
        .replaceWithVoid();
  }

  private void tell(Migration migration, SchemaStage stage, SchemaReport report) {
    rests.record(migration, stage, report);
    if (!report.changesets().isEmpty()) {
      LOG.infof("%s: schema stage %s: %s", migration.name(), stage.label(), report.changesets());
    }
  }
}
