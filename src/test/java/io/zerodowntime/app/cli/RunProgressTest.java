package io.zerodowntime.app.cli;

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

/** Proves that a command does its work to the end while the database has no room for it. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class RunProgressTest {
  private static final String STATE = "SELECT state FROM backfill_run ORDER BY id DESC LIMIT 1";

  @Inject RunProgress progress;
  @Inject Engine engine;
  @Inject EngineDatabase database;

  @Inject
  @Identifier(DatabasePools.CONTROL)
  Pool control;

  @ConfigProperty(name = "database.pools.control")
  int connections;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.orders(1000);
    engine.walkTo(1);
  }

  @Test
  void waitsForAConnectionLongerThanAStatementMay() throws Exception {
    Run run = engine.startBackfill();
    List<SqlConnection> taken = takeEveryConnection();

    CompletableFuture<Run> work =
        progress.work(engine.migration(), run).subscribeAsCompletionStage();
    Timeouts.await().until(() -> database.one(STATE).equals("complete"));
    // it stands in the queue behind the command's own statement, and gives up after it
    assertThatThrownBy(() -> Engine.await(control.query("SELECT 1").execute()))
        .hasMessageContaining("every connection of the pool control is in use");
    taken.forEach(each -> Engine.await(each.close()));

    assertThat(work.get(30, TimeUnit.SECONDS))
        .extracting(Run::state, Run::scanned)
        .containsExactly(RunState.COMPLETE, 1000L);
  }

  private List<SqlConnection> takeEveryConnection() {
    List<SqlConnection> taken = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      taken.add(Engine.await(control.getConnection()));
    }
    return taken;
  }
}
