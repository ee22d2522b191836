package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.plan.MigrationPlan;
import io.zerodowntime.migration.plan.PlanFiles;
import io.zerodowntime.migration.plan.TestPlans;
import io.zerodowntime.testing.Liquibases;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;

/**
 * A migration whose changelog files were written by its plan, and the engine's runner over them.
 */
record PlannedChangelog(SchemaTestDatabase database, Path directory, Migration migration) {

  /** Plans the migration of a table that exists, and writes the files. */
  static PlannedChangelog write(
      SchemaTestDatabase database, Path directory, Migration migration, Migration... others)
      throws Exception {
    PlanFiles.write(directory, plan(database, migration, others).files());
    return new PlannedChangelog(database, directory, migration);
  }

  static MigrationPlan plan(SchemaTestDatabase database, Migration migration, Migration... others) {
    return TestPlans.of(database.url().substring("jdbc:".length()), migration, others);
  }

  List<String> apply(SchemaStage stage) {
    return apply(stage, Duration.ofSeconds(30));
  }

  /**
   * Runs a stage.
   *
   * @param bound how long it waits for what is in the way
   */
  List<String> apply(SchemaStage stage, Duration bound) {
    DataSource source = database.as("zerodowntime");
    return new SchemaRunner(source, liquibase(source), bound, Duration.ofSeconds(1))
        .apply(migration, stage)
        .changesets();
  }

  /** Takes the last changeset back, as Liquibase's command line does. */
  void rollback() throws Exception {
    Liquibases.quietly(
        liquibase(database.as("Liquibase")),
        liquibase -> liquibase.rollback(1, null, new Contexts(), new LabelExpression()));
  }

  private Supplier<Liquibase> liquibase(DataSource source) {
    return new ChangelogDirectory(directory).behind(database.liquibase(source));
  }
}
