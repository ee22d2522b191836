package io.zerodowntime.migration.schema;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Migrations;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/** Where it is allowed to, applies the turns that gates wait for without being asked. */
@ApplicationScoped
public class SchemaDriver {
  private static final Logger LOG = Logger.getLogger(SchemaDriver.class);

  private final Migrations migrations;
  private final DueTurns turns;
  private final SchemaChanges changes;
  private final boolean enabled;

  SchemaDriver(
      Migrations migrations, DueTurns turns, SchemaChanges changes, MigrationConfig config) {
    this.migrations = migrations;
    this.turns = turns;
    this.changes = changes;
    this.enabled = config.autoExpand();
  }

  @Scheduled(every = "1s", delayed = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> look() {
    if (!enabled) {
      return Uni.createFrom().voidItem();
    }
    return migrations.each(this::look);
  }

  private Uni<Void> look(Migration migration) {
    return Uni.combine()
        .all()
        .unis(turns.of(migration), turns.wanted(migration))
        .asTuple()
        .chain(
            found ->
                Multi.createFrom()
                    .iterable(found.getItem1())
                    .filter(found.getItem2()::contains)
                    .onItem()
                    .transformToUniAndConcatenate(turn -> apply(migration, turn))
                    .collect()
                    .last()
                    .replaceWithVoid());
  }

  private Uni<Void> apply(Migration migration, SchemaTurn turn) {
    return changes
        .apply(migration, turn)
        .invoke(
            report ->
                LOG.infof(
                    "%s: schema turn %s: %s", migration.name(), turn.label(), report.changesets()))
        .replaceWithVoid();
  }
}
