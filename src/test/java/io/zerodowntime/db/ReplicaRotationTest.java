package io.zerodowntime.db;

import static io.zerodowntime.db.ReplicaClients.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.Timeouts;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A replica that is behind or frozen, or that cannot be judged, is out of rotation. */
@Tag("protocol")
class ReplicaRotationTest extends OnReplicatedServers {
  /** The last commit is old, and the replica has replayed it. */
  @Test
  void anIdlePrimaryDoesNotLookLagging() {
    String age = "SELECT now() - pg_last_xact_replay_timestamp() > interval '4.5 seconds'";
    Timeouts.await().until(() -> servers.replica(1).ask(age).equals("t"));
    awaitInRotation(clients, 1, 2);
  }

  @Test
  void aReplicaThatIsBehindIsOutOfRotationUntilItIsBack() {
    servers.replica(1).ask(PAUSE);
    primary.execute("INSERT INTO heartbeat VALUES (now())");
    awaitInRotation(clients, 2);
    servers.replica(1).ask(RESUME);
    awaitInRotation(clients, 1, 2);
  }

  /** A process that has just begun has no positions to compare: the heartbeat tells the lag. */
  @Test
  void aHeartbeatTellsTheLagOfAReplicaThatIsNeverAtTheEndOfTheLog() {
    primary.execute("INSERT INTO heartbeat VALUES (now())");
    servers.awaitReplay();
    servers.replica(1).ask(PAUSE);
    primary.execute("UPDATE counter SET n = n + 1");
    try (ReplicaClients begun = new ReplicaClients(servers, List.of(HEARTBEAT));
        ReplicaClients blind = new ReplicaClients(servers, List.of())) {
      awaitInRotation(blind, 2);
      assertThat(reading(blind, 1).lag()).isEmpty();
      Timeouts.await().until(() -> reading(begun, 1).lag().isPresent());
      awaitInRotation(begun, 2);
    } finally {
      servers.replica(1).ask(RESUME);
    }
  }

  @Test
  void aQueryThatTheReplicaEndsIsAnsweredElsewhere() {
    String slow = "SELECT n FROM counter, pg_sleep(0.7)";
    CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> clients.read(null, slow));
    String works =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <>"
            + " pg_backend_pid()";
    Timeouts.await()
        .until(
            () ->
                servers.replica(1).ask(works).equals("1")
                    || servers.replica(2).ask(works).equals("1"));
    primary.execute("ALTER TABLE counter ALTER n SET NOT NULL");
    assertThat(read.join()).endsWith(" 0");
    primary.execute("ALTER TABLE counter ALTER n DROP NOT NULL");
  }

  @Test
  void aFrozenReplicaKeepsNoReadFromItsAnswer() throws Exception {
    servers.replica(1).freeze();
    try {
      for (int reads = 0; reads < 10; reads++) {
        assertThat(clients.read(null, READ)).isEqualTo("replica 0");
        await(clients.replicas().look());
      }
      awaitInRotation(clients, 2);
      servers.replica(2).freeze();
      try {
        assertThat(clients.read(null, READ)).isEqualTo("primary 0");
      } finally {
        servers.replica(2).thaw();
      }
    } finally {
      servers.replica(1).thaw();
    }
    awaitInRotation(clients, 1, 2);
  }

  @Test
  void aRoleThatMayNotSeeTheTimelineIsToldWhatToGrant() {
    primary.execute("CREATE ROLE plain LOGIN", "GRANT SELECT ON counter, heartbeat TO plain");
    servers.awaitReplay();
    String urls = servers.replicaUrl("postgres").replace("//postgres@", "//plain@");
    try (ReplicaClients plain = new ReplicaClients(primary.port(), urls, List.of(HEARTBEAT))) {
      Timeouts.await()
          .until(() -> reading(plain, 1).problem().orElse("").contains("GRANT pg_monitor"));
      assertThat(plain.inRotation()).isEmpty();
      // the position of a write can be read by every role
      primary.execute("SET ROLE plain", WritePositions.POSITION);
      primary.execute("GRANT pg_monitor TO plain");
      awaitInRotation(plain, 1, 2);
    }
  }
}
