package io.zerodowntime.db;

import static io.zerodowntime.db.ReplicaClients.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Each trap of reads on replicas, on a primary with two replicas that stream from it. */
@Tag("protocol")
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("replicated servers") // its methods run one after the other
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplicaTrapsTest {
  private static final String INCREMENT = "UPDATE counter SET n = n + 1 RETURNING n";
  private static final String READ = "SELECT n FROM counter";
  private static final String PAUSE = "SELECT pg_wal_replay_pause()";
  private static final String RESUME = "SELECT pg_wal_replay_resume()";
  private static final ReplicatedHeartbeat HEARTBEAT = () -> "SELECT max(at) FROM heartbeat";

  @TempDir static Path directory;
  private static ReplicatedServers servers;

  private PostgresServer primary;
  private ReplicaClients clients;

  @BeforeAll
  static void start() throws IOException {
    servers = new ReplicatedServers(directory, 2);
    servers
        .primary()
        .execute(
            "CREATE TABLE counter (n integer)",
            "INSERT INTO counter VALUES (0)",
            "CREATE TABLE heartbeat (at timestamptz)");
  }

  @BeforeEach
  void connect() {
    primary = servers.primary();
    primary.execute("UPDATE counter SET n = 0");
    servers.awaitReplay();
    clients = new ReplicaClients(servers, List.of(HEARTBEAT));
    awaitInRotation(clients, 1, 2);
  }

  /** A look may come too late on a busy machine; another one follows. */
  private static void awaitInRotation(ReplicaClients clients, Integer... replicas) {
    List<String> names =
        Stream.of(replicas).map(number -> clients.replica(number).name()).sorted().toList();
    Timeouts.await().until(() -> clients.inRotation().equals(names));
  }

  private static ReplicaReading reading(ReplicaClients clients, int replica) {
    await(clients.replicas().look());
    return await(clients.replicas().readings()).get(replica - 1);
  }

  /** A test that failed leaves nothing to the next one. */
  @AfterEach
  void close() {
    clients.close();
    for (int number = 1; number <= 2; number++) {
      servers.replica(number).execute(RESUME + " WHERE pg_is_in_recovery()");
    }
  }

  @AfterAll
  static void stop() throws IOException {
    servers.close();
  }

  private ReplicaRows look(int replica) {
    return await(clients.replica(replica).query(true, READ, Tuple.tuple()));
  }

  @Test
  void thePositionInsideTheWritingStatementPrecedesItsCommitRecord() {
    String inside =
        primary.ask("UPDATE counter SET n = n + 1 RETURNING pg_current_wal_insert_lsn()");
    assertThat(primary.ask("SELECT pg_current_wal_flush_lsn() > '" + inside + "'")).isEqualTo("t");
    servers.awaitReplay();

    // what a replica has replayed before the commit must not do for the write
    servers.replica(1).ask(PAUSE);
    WritePosition written = clients.write(INCREMENT);
    assertThat(look(1).show(written)).isFalse();
    servers.replica(1).ask(RESUME);
    Timeouts.await().until(() -> look(1).show(written));
    assertThat(ReplicaClients.first(look(1))).isEqualTo(2);
  }

  @Test
  void anAsynchronousCommitIsNotFlushedWhenItIsAnswered() {
    primary.execute("ALTER DATABASE postgres SET synchronous_commit = off");
    servers.awaitReplay();
    servers.replica(1).ask(PAUSE);
    try (ReplicaClients asynchronous = new ReplicaClients(servers, List.of())) {
      assertThat(look(1).show(asynchronous.write(INCREMENT))).isFalse();
    } finally {
      servers.replica(1).ask(RESUME);
      primary.execute("ALTER DATABASE postgres RESET synchronous_commit");
    }
  }

  @Test
  void onePositionAfterASharedCommitServesAllItsWrites() {
    servers.replica(1).ask(PAUSE);
    List<WritePosition> written = clients.writeTogether(INCREMENT, 3);
    assertThat(written)
        .hasSize(3)
        .containsOnly(written.get(0))
        .doesNotContain(WritePosition.UNKNOWN);
    assertThat(look(1).show(written.get(0))).isFalse();
    servers.replica(1).ask(RESUME);
    Timeouts.await().until(() -> look(1).show(written.get(0)));
  }

  /** The write is replayed while the read is at work: its snapshot is older than that. */
  @Test
  void freshnessAndReadInOneStatementLie() {
    CompletableFuture<ReplicaRows> read =
        clients
            .replica(1)
            .query(true, READ + ", pg_sleep(0.8)", Tuple.tuple())
            .subscribeAsCompletionStage();
    String sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <>"
            + " pg_backend_pid()";
    Timeouts.await().until(() -> servers.replica(1).ask(sleeps).equals("1"));
    WritePosition written = clients.write(INCREMENT);
    Timeouts.await().until(() -> look(1).show(written));
    assertThat(read).as("the read is at work").isNotDone();

    ReplicaRows rows = read.join();
    assertThat(ReplicaClients.first(rows)).isEqualTo(0);
    assertThat(rows.show(written)).as("an old row counts as one that shows the write").isFalse();
  }

  @Test
  void aReadThatNamesAWriteWaitsForItOrGoesToThePrimary() {
    WritePosition written = clients.write(INCREMENT);
    assertThat(clients.read(written, READ)).endsWith(" 1");

    servers.replica(1).ask(PAUSE);
    servers.replica(2).ask(PAUSE);
    WritePosition later = clients.write(INCREMENT);
    assertThat(clients.read(later, READ)).isEqualTo("primary 2");
    assertThat(clients.read(null, READ)).as("a stranger's").isEqualTo("replica 1");
    servers.replica(2).ask(RESUME);
    Timeouts.await().until(() -> look(2).show(later));
    assertThat(clients.read(later, READ)).as("by the other replica").isEqualTo("replica 2");
    servers.replica(1).ask(RESUME);
  }

  @Test
  void whereThePositionIsNotKnownThePrimaryAnswers() {
    assertThat(clients.read(WritePosition.UNKNOWN, READ)).startsWith("primary");
    WritePosition written = clients.write(INCREMENT);
    assertThat(
            clients.read(
                new WritePosition(written.system() + 1, written.timeline(), written.lsn()), READ))
        .as("another cluster's")
        .isEqualTo("primary 1");
  }

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

  /** The primary waits for the second replica, and shows the commit to no session before. */
  @Test
  void withSynchronousReplicationAReplicaShowsACommitBeforeThePrimary() {
    primary.execute("ALTER DATABASE postgres SET synchronous_commit = remote_apply");
    servers.awaitReplay();
    servers.replica(2).ask(PAUSE);
    primary.execute(
        "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 2 (r1, r2)'",
        "SELECT pg_reload_conf()");
    try (ReplicaClients synchronous = new ReplicaClients(servers, List.of())) {
      Timeouts.await()
          .until(
              () ->
                  primary
                      .ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
                      .equals("2"));
      CompletableFuture<WritePosition> written =
          CompletableFuture.supplyAsync(() -> synchronous.write(INCREMENT));
      Timeouts.await().until(() -> servers.replica(1).ask(READ).equals("1"));
      assertThat(primary.ask(READ)).isEqualTo("0");
      assertThat(written).isNotDone();
      servers.replica(2).ask(RESUME);
      assertThat(clients.read(written.join(), READ)).endsWith(" 1");
    } finally {
      servers.replica(2).ask(RESUME);
      primary.execute(
          "ALTER SYSTEM RESET synchronous_standby_names",
          "SELECT pg_reload_conf()",
          "ALTER DATABASE postgres RESET synchronous_commit");
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

  /** The last one: what was promoted stays so. */
  @Test
  @Order(Integer.MAX_VALUE)
  void aPromotedReplicaIsNotCaughtUpAndItsPositionsAreOthers() {
    WritePosition before = clients.write(INCREMENT);
    servers.awaitReplay();
    assertThat(look(2).show(before)).isTrue();

    servers.replica(2).promote();
    assertThat(look(2).show(before)).as("it has no replay any more").isFalse();
    // gate and backfill wait for it, or for its name to go
    Timeouts.await()
        .until(() -> reading(clients, 2).problem().equals(Optional.of("it is not a standby")));
    awaitInRotation(clients, 1);

    // the promoted server's write has a position that the other replica passes, without the write
    try (ReplicaClients promoted =
        new ReplicaClients(
            servers.replica(2).port(),
            "postgresql://postgres@localhost:%d/postgres?sslmode=disable"
                .formatted(servers.replica(1).port()),
            List.of())) {
      WritePosition elsewhere = promoted.write("UPDATE counter SET n = 100");
      assertThat(elsewhere.timeline()).isEqualTo(before.timeline() + 1);
      primary.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 100000))");
      primary.execute("CHECKPOINT");
      WritePosition far = clients.write(INCREMENT);
      Timeouts.await().until(() -> look(1).show(far));
      assertThat(far.lsn()).isGreaterThan(elsewhere.lsn());
      assertThat(look(1).show(elsewhere)).isFalse();
      assertThat(promoted.inRotation()).as("replicas of the old primary").isEmpty();
      assertThat(promoted.read(elsewhere, READ)).isEqualTo("primary 100");
    }
    // a server that never was a standby has no position at all
    try (ReplicaClients same =
        new ReplicaClients(
            primary.port(),
            "postgresql://postgres@localhost:%d/postgres?sslmode=disable".formatted(primary.port()),
            List.of())) {
      assertThat(same.inRotation()).isEmpty();
      // nothing to wait for
      Timeouts.await()
          .until(
              () -> {
                await(same.replicas().look());
                return await(same.replicas().readings()).isEmpty();
              });
      assertThat(same.read(same.write(INCREMENT), READ)).startsWith("primary");
    }
  }
}
