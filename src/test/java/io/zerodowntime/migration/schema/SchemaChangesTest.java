package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import io.zerodowntime.migration.status.StatusReports;
import io.zerodowntime.migration.status.StatusText;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The runner with the application's own pool and Liquibase, called from an event loop. */
@QuarkusTest
@QuarkusTestResource(value = SchemaChangesTest.Postgres.class, restrictToAnnotatedClass = true)
class SchemaChangesTest {
  @Inject SchemaChanges changes;
  @Inject Vertx vertx;
  @Inject DataSource source;
  @Inject StatusReports reports;

  @Test
  void appliesTurnsWithoutBlockingTheEventLoop() throws Exception {
    assertThat(fromEventLoop(SchemaStage.EXPAND).changesets())
        .hasSize(16)
        .endsWith("010-status-column");
    assertThat(status()).doesNotContain("is being built");
    assertThat(whileAReaderHoldsItUp(SchemaStage.INDEX).changesets())
        .containsExactly("020-status-index");
    assertThat(status()).doesNotContain("is being built");
    assertThat(fromEventLoop(SchemaStage.INDEX).changesets()).isEmpty();
  }

  /** Ends the reader when status and log have shown the build and whom it waits for. */
  private SchemaReport whileAReaderHoldsItUp(SchemaStage stage) throws Exception {
    CompletableFuture<SchemaReport> built;
    try (Connection reader = source.getConnection();
        SessionProbe.Log log = new SessionProbe.Log()) {
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.setAutoCommit(false);
      reader.createStatement().execute("SELECT count(*) FROM migration_state");
      built = start(stage);
      String shown =
          "(?s).*orders_status_idx is being built for \\d+ s by pid \\d+: waiting for .*,"
              + " waits for the transaction of pid \\d+.*";
      await().until(() -> status().matches(shown));
      await().until(() -> log.lines().stream().anyMatch(line -> line.matches(shown)));
      assertThat(built).isNotDone();
      assertThat(superusers(reader)).isZero();
      reader.rollback();
    }
    return built.get(60, TimeUnit.SECONDS);
  }

  private static long superusers(Connection session) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet row = statement.executeQuery(SchemaTestDatabase.SUPERUSERS)) {
      row.next();
      return row.getLong(1);
    }
  }

  private String status() {
    return StatusText.of(reports.of(SchemaTestDatabase.MIGRATION).await().atMost(Timeouts.LIMIT));
  }

  private SchemaReport fromEventLoop(SchemaStage stage) throws Exception {
    return start(stage).get(60, TimeUnit.SECONDS);
  }

  private CompletableFuture<SchemaReport> start(SchemaStage stage) {
    CompletableFuture<SchemaReport> report = new CompletableFuture<>();
    vertx.runOnContext(
        ignored ->
            changes
                .apply(SchemaTestDatabase.MIGRATION, stage)
                .subscribe()
                .with(report::complete, report::completeExceptionally));
    return report;
  }

  /** A database of this test's own. */
  public static final class Postgres implements QuarkusTestResourceLifecycleManager {
    @Override
    public Map<String, String> start() {
      SchemaTestDatabase database = new SchemaTestDatabase();
      String jdbc = database.url();
      return Map.of(
          "quarkus.datasource.jdbc.url",
          jdbc,
          "quarkus.datasource.reactive.url",
          jdbc.substring("jdbc:".length()),
          "quarkus.datasource.username",
          database.owner(),
          "quarkus.datasource.password",
          "postgres");
    }

    @Override
    public void stop() {}
  }
}
