package io.zerodowntime.migration.schema;

import io.quarkus.liquibase.LiquibaseFactory;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.Cancellable;
import io.zerodowntime.db.PrimaryLine;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import javax.sql.DataSource;
import liquibase.Liquibase;
import org.jboss.logging.Logger;

/**
 * Applies the changesets of a stage while the service serves: one runner at a time in the fleet, no
 * lock that others queue behind waited for longer than {@code deadlock_timeout} and a quarter of a
 * second, attempts repeated for {@code migration.schema.retry-time} (2 minutes). No client waits
 * for the build of an index, so its time has no bound; its progress is logged. Fails with {@link
 * io.zerodowntime.migration.MigrationException.SchemaFailed} or, where a changeset's own
 * precondition refuses, with {@link io.zerodowntime.migration.MigrationException.Refused}.
 */
@ApplicationScoped
public class SchemaChanges {
  private static final Logger LOG = Logger.getLogger(SchemaChanges.class);
  private static final Duration LONG_TRANSACTION = Duration.ofSeconds(1);
  private static final Duration PROGRESS = Duration.ofSeconds(10);

  private final SchemaRunner runner;
  private final IndexBuilds builds;

  SchemaChanges(
      DataSource source,
      PrimaryLine line,
      LiquibaseFactory liquibase,
      IndexBuilds builds,
      MigrationConfig config) {
    this.builds = builds;
    Supplier<Liquibase> program = liquibase::createLiquibase;
    this.runner =
        new SchemaRunner(
            source,
            line::check,
            config
                .changelogDir()
                .map(directory -> new ChangelogDirectory(Path.of(directory)).behind(program))
                .orElse(program),
            config.schema().retryTime(),
            LONG_TRANSACTION);
  }

  /**
   * Runs the changesets of one stage that have something to do. The caller decides whether the
   * stage is due ({@link SchemaStage#due}).
   */
  public Uni<SchemaReport> apply(Migration migration, SchemaStage stage) {
    Uni<SchemaReport> applied = onWorker(() -> runner.apply(migration, stage));
    return stage == SchemaStage.INDEX ? logged(applied, migration) : applied;
  }

  private Uni<SchemaReport> logged(Uni<SchemaReport> build, Migration migration) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Cancellable progress = progress(migration);
              return build.onTermination().invoke(progress::cancel);
            });
  }

  private Cancellable progress(Migration migration) {
    return Multi.createFrom()
        .ticks()
        .every(PROGRESS)
        .onOverflow()
        .drop()
        .onItem()
        .transformToUniAndConcatenate(
            tick -> builds.of(migration).onFailure().recoverWithItem(Optional.empty()))
        .subscribe()
        .with(build -> build.ifPresent(b -> LOG.infof("%s: %s", migration.name(), b)));
  }

  private static Uni<SchemaReport> onWorker(Supplier<SchemaReport> work) {
    return Uni.createFrom().item(work).runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
  }
}
