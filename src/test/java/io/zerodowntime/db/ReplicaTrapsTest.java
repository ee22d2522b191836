package io.zerodowntime.db;

import static io.zerodowntime.db.ReplicaClients.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.zerodowntime.testing.Timeouts;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Each trap of reads on replicas: what a position, a snapshot and a promotion show. */
@Tag("protocol")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplicaTrapsTest extends OnReplicatedServers {
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
            .query(NEW_LOOK, READ + ", pg_sleep(0.8)", Tuple.tuple())
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

  /** A later look at a session takes from the first one what cannot change, and only there. */
  @Test
  void aLookSaysNothingOfAnotherSession() {
    ReplicaLook first = look(1).look();
    WritePosition written = clients.write(INCREMENT);
    servers.awaitReplay();
    RowSet<Row> rows =
        await(clients.replica(1).query(List.of(), ReplicaLook.LOOK_AGAIN, Tuple.tuple()))
            .rows()
            .getDelegate();
    int session = rows.iterator().next().getInteger("session");
    assertThat(of(session, first).again(rows)).matches(again -> again.covers(written));
    assertThat(of(session + 1, first).again(rows)).isNull();
  }

  @Test
  void aSessionThatHasShownAWriteIsNotLookedAtForItAgain() {
    WritePosition written = clients.write(INCREMENT);
    servers.awaitReplay();
    awaitShown(written);
    servers.replica(1).ask(PAUSE);
    WritePosition later = clients.write(INCREMENT);
    Set<ReplicaLook> looks = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int time = 0; time < 20; time++) {
      ReplicaRows shown = read(written);
      assertThat(shown.show(written)).isTrue();
      looks.add(shown.look());
    }
    assertThat(looks).as("one of each connection").hasSizeLessThanOrEqualTo(2);
    assertThat(read(later).show(later)).as("it is not taken for a later one").isFalse();
    servers.replica(1).ask(RESUME);
    awaitShown(later);
    assertThat(ReplicaClients.first(read(later))).isEqualTo(2);
  }

  private void awaitShown(WritePosition written) {
    Timeouts.await().until(() -> read(written).show(written));
  }

  private ReplicaRows read(WritePosition asked) {
    return await(clients.replica(1).query(List.of(asked), READ, Tuple.tuple()));
  }

  private static ReplicaLook of(int session, ReplicaLook look) {
    return new ReplicaLook(
        look.standby(),
        session,
        look.system(),
        look.timeline(),
        look.receiving(),
        look.unreadable(),
        look.replayed());
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
