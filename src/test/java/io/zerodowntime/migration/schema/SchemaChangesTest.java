package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The runner with the application's own pool and Liquibase, called from an event loop. */
@QuarkusTest
@QuarkusTestResource(value = SchemaChangesTest.Postgres.class, restrictToAnnotatedClass = true)
class SchemaChangesTest {
  @Inject SchemaChanges changes;
  @Inject Vertx vertx;

  @Test
  void appliesTurnsWithoutBlockingTheEventLoop() throws Exception {
    assertThat(fromEventLoop(SchemaTurn.EXPAND).changesets())
        .hasSize(8)
        .endsWith("010-status-column");
    assertThat(fromEventLoop(SchemaTurn.INDEX).changesets()).containsExactly("020-status-index");
    assertThat(fromEventLoop(SchemaTurn.INDEX).changesets()).isEmpty();
  }

  private SchemaReport fromEventLoop(SchemaTurn turn) throws Exception {
    CompletableFuture<SchemaReport> report = new CompletableFuture<>();
    vertx.runOnContext(
        ignored ->
            changes
                .apply(TestDatabase.MIGRATION, turn)
                .subscribe()
                .with(report::complete, report::completeExceptionally));
    return report.get(60, TimeUnit.SECONDS);
  }

  /** A database of this test's own. */
  public static final class Postgres implements QuarkusTestResourceLifecycleManager {
    @Override
    public Map<String, String> start() {
      String jdbc = new TestDatabase().url();
      return Map.of(
          "quarkus.datasource.jdbc.url",
          jdbc,
          "quarkus.datasource.reactive.url",
          jdbc.substring("jdbc:".length()),
          "quarkus.datasource.username",
          "postgres",
          "quarkus.datasource.password",
          "postgres");
    }

    @Override
    public void stop() {}
  }
}
