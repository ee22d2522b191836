package io.zerodowntime.migration.schema;

import io.quarkus.liquibase.LiquibaseFactory;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * Applies the changesets of a turn while the service serves: one runner at a time in the fleet, no
 * lock waited for longer than a second, attempts repeated for {@code migration.schema.patience} (2
 * minutes). Fails with {@link io.zerodowntime.migration.MigrationException.SchemaFailed}.
 */
@ApplicationScoped
public class SchemaChanges {
  private static final Duration LONG_TRANSACTION = Duration.ofSeconds(1);

  private final SchemaRunner runner;

  SchemaChanges(DataSource source, LiquibaseFactory liquibase, MigrationConfig config) {
    this.runner =
        new SchemaRunner(
            source, liquibase::createLiquibase, config.schema().patience(), LONG_TRANSACTION);
  }

  /** Creates the engine's own tables, and those that every migration starts from. */
  public Uni<Void> initial() {
    return onWorker(runner::initial).replaceWithVoid();
  }

  /**
   * Runs the changesets of one turn that have something to do. Whether the turn has come is the
   * caller's question ({@link SchemaTurn#due}).
   */
  public Uni<SchemaReport> apply(Migration migration, SchemaTurn turn) {
    return onWorker(() -> runner.apply(migration, turn));
  }

  private static Uni<SchemaReport> onWorker(Supplier<SchemaReport> work) {
    return Uni.createFrom().item(work).runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
  }
}
