package io.zerodowntime.migration.backfill.indicator;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.mutiny.core.Vertx;
import io.vertx.mutiny.pgclient.PgBuilder;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.pgclient.PgConnectOptions;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReplicatedServers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A real standby that replays late, and a role that may not see how late. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("replicated servers")
class ReplicaLagTest {
  private static final ReplicaLag BOUND = new ReplicaLag(Duration.ofSeconds(1));

  @Test
  void seesAStandbyThatIsBehindAndOneThatItMayNotRead(@TempDir Path directory) throws Exception {
    Vertx vertx = Vertx.vertx();
    try (ReplicatedServers servers = new ReplicatedServers(directory, 1)) {
      PostgresServer primary = servers.primary();
      primary.execute("CREATE TABLE t (n int)", "CREATE ROLE reader LOGIN");
      servers.awaitReplay();
      Pool pool = pool(vertx, primary, "postgres");
      assertThat(judge(pool).signal()).isEqualTo(Signal.RISE);

      servers
          .replica(1)
          .execute("ALTER SYSTEM SET recovery_min_apply_delay = '3s'", "SELECT pg_reload_conf()");
      await()
          .until(
              () -> {
                primary.execute("INSERT INTO t VALUES (1)");
                return judge(pool).signal() == Signal.MINIMUM;
              });
      assertThat(judge(pool).text()).contains("behind, bound 1.0 s");

      Reading hidden = judge(pool(vertx, primary, "reader"));
      assertThat(hidden.known()).isFalse();
      assertThat(hidden.signal()).isEqualTo(Signal.SLOW);
      assertThat(hidden.text()).contains("GRANT pg_monitor");
    } finally {
      vertx.close().await().atMost(LIMIT);
    }
  }

  private static Reading judge(Pool pool) {
    DatabaseReading read = DatabaseReading.of(pool, List.of("t"), LIMIT).await().atMost(LIMIT);
    return BOUND.read(
        new Observation(0, ServiceReading.NONE, Optional.of(read), Optional.of(List.of())),
        TableReading.unknown("t"));
  }

  private static Pool pool(Vertx vertx, PostgresServer server, String user) {
    return PgBuilder.pool()
        .using(vertx)
        .connectingTo(
            new PgConnectOptions()
                .setHost("localhost")
                .setPort(server.port())
                .setDatabase("postgres")
                .setUser(user))
        .build();
  }
}
