package io.zerodowntime.app.cli;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that commands do their work while no connection is free for longer than one second. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class BusyDatabaseTest {
  private static final String STATE = "SELECT state FROM backfill_run ORDER BY id DESC LIMIT 1";

  @Inject RunProgress progress;
  @Inject CommandRunner commands;
  @Inject Pool engineConnections;
  @Inject Engine engine;
  @Inject EngineDatabase database;

  @Inject
  @Identifier(DatabasePools.CONTROL)
  Pool control;

  @ConfigProperty(name = "database.pools.control")
  int controlSize;

  @ConfigProperty(name = "database.pools.engine")
  int engineSize;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.orders(1000);
    engine.walkTo(1);
  }

  @Test
  void aRunIsShownOnceThereIsAConnection() throws Exception {
    Run run = engine.startBackfill();
    List<SqlConnection> taken = take(control, controlSize);

    CompletableFuture<Run> work =
        progress.work(engine.migration(), run, false).subscribeAsCompletionStage();
    Timeouts.await().until(() -> database.one(STATE).equals("complete"));
    awaitRefusal(control);
    taken.forEach(each -> Engine.await(each.close()));

    assertThat(work.get(30, TimeUnit.SECONDS))
        .extracting(Run::state, Run::scanned)
        .containsExactly(RunState.COMPLETE, 1000L);
  }

  @Test
  void aCommandBeginsAnew() throws Exception {
    List<SqlConnection> taken = take(engineConnections, engineSize);

    CompletableFuture<Integer> expanded =
        CompletableFuture.supplyAsync(() -> commands.run("expand"));
    Timeouts.await().until(() -> waiting() > 0);
    awaitRefusal(engineConnections);
    taken.forEach(each -> Engine.await(each.close()));

    assertThat(expanded.get(60, TimeUnit.SECONDS)).isZero();
  }

  private static double waiting() {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("database_pool_waiting{") && line.contains("\"engine\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private static List<SqlConnection> take(Pool pool, int size) {
    List<SqlConnection> taken = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      taken.add(Engine.await(pool.getConnection()));
    }
    return taken;
  }

  /** Ends when a statement was refused, and so each one that stood before it in the queue. */
  private static void awaitRefusal(Pool pool) {
    assertThatThrownBy(() -> Engine.await(pool.query("SELECT 1").execute()))
        .hasMessageContaining("is in use");
  }
}
