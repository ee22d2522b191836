package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.db.DatabaseUrl;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A pod that is killed while Liquibase works leaves Liquibase's lock behind. */
@OnSchemaServer
@Tag("protocol")
class StaleLiquibaseLockTest {
  private static final Duration RETRY_TIME = Duration.ofSeconds(60);
  private static final String LOCKED = "SELECT locked FROM databasechangeloglock";

  private final SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);

  @Test
  void theLockOfAKilledRunnerIsReleased() throws Exception {
    killRunnerAtWork();
    assertThat(database.one(LOCKED)).isEqualTo("t");
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      SchemaReport report = enforce(RETRY_TIME);
      assertThat(report.changesets()).hasSize(5);
      assertThat(report.attempts()).isEqualTo(1);
      assertThat(log.lines())
          .anyMatch(
              line ->
                  line.matches(
                      "Released Liquibase's lock, left behind by .+ since 20.+: no session holds it"));
    }
    assertThat(database.one(LOCKED)).isEqualTo("f");
  }

  @Test
  void theLockOfALiveLiquibaseIsRespected() throws Exception {
    CompletableFuture<SchemaReport> change;
    try (Connection other = database.as("PostgreSQL JDBC Driver").getConnection();
        SessionProbe.Log log = new SessionProbe.Log()) {
      lock();
      assertThatThrownBy(() -> enforce(Duration.ofSeconds(1)))
          .hasMessageContaining("held by cli (10.0.0.1)")
          .hasMessageContaining("application \"PostgreSQL JDBC Driver\"")
          .hasMessageContaining("release-locks");
      assertThat(database.one(LOCKED)).isEqualTo("t");
      log.lines().clear();
      change = CompletableFuture.supplyAsync(() -> enforce(RETRY_TIME), SessionProbe.THREADS);
      await().until(() -> log.lines().stream().anyMatch(line -> line.contains("cli (10.0.0.1)")));
      other.createStatement().execute("UPDATE databasechangeloglock SET locked = false");
    }
    assertThat(change.join().changesets()).hasSize(5);
  }

  @Test
  void aSessionOfOursThatOutlivedItsProcessIsRespected() throws Exception {
    try (Connection orphan = database.as(SessionSettings.WORKER).getConnection()) {
      lock();
      assertThatThrownBy(() -> enforce(Duration.ofSeconds(1)))
          .hasMessageContaining("application \"" + SessionSettings.WORKER + "\"");
      assertThat(orphan.isValid(1)).isTrue();
    }
    assertThat(enforce(RETRY_TIME).changesets()).hasSize(5);
  }

  @Test
  void aSessionOfTheServiceUnderANameOfItsOwnHoldsNoSuchLock() throws Exception {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada@h/shop?application_name=shop");
    Matcher name =
        Pattern.compile("application_name=([^&]*)").matcher(url.reactiveUrl("zerodowntime"));
    assertThat(name.find()).isTrue();
    String shown = URLDecoder.decode(name.group(1), StandardCharsets.UTF_8);
    try (Connection service = database.as(shown).getConnection()) {
      lock();
      assertThat(enforce(RETRY_TIME).changesets()).hasSize(5);
      assertThat(service.isValid(1)).isTrue();
    }
  }

  private void lock() {
    database.run(
        "UPDATE databasechangeloglock"
            + " SET locked = true, lockgranted = now(), lockedby = 'cli (10.0.0.1)'");
  }

  /** Both backends of a runner are killed while its ALTER waits: the lock stays. */
  private void killRunnerAtWork() throws Exception {
    try (Connection holder = SessionProbe.holding(database.as("zerodowntime report"))) {
      CompletableFuture<Void> killed =
          CompletableFuture.runAsync(
              () ->
                  database
                      .runner(RETRY_TIME, Duration.ofDays(1))
                      .apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE),
              SessionProbe.THREADS);
      await().until(() -> database.one(LOCKED).equals("t") && kill());
      assertThatThrownBy(killed::join).hasStackTraceContaining("terminating connection");
      holder.rollback();
    }
  }

  private boolean kill() {
    return !database
        .list(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE datname = current_database() AND application_name LIKE '"
                + SessionSettings.WORKER
                + "%'")
        .isEmpty();
  }

  private SchemaReport enforce(Duration retryTime) {
    return database.runner(retryTime).apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE);
  }
}
