package io.zerodowntime.db;

import static io.zerodowntime.db.ReplicaClients.await;

import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A primary with two replicas that stream from it; its tests run one after the other. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("replicated servers")
abstract class OnReplicatedServers {
  static final String INCREMENT = "UPDATE counter SET n = n + 1 RETURNING n";
  static final String READ = "SELECT n FROM counter";
  static final String PAUSE = "SELECT pg_wal_replay_pause()";
  static final String RESUME = "SELECT pg_wal_replay_resume()";

  /** No look has ever found it, so each read with it looks. */
  static final List<WritePosition> NEW_LOOK = List.of(WritePosition.UNKNOWN);

  static final ReplicatedHeartbeat HEARTBEAT = () -> "SELECT max(at) FROM heartbeat";

  @TempDir static Path directory;
  static ReplicatedServers servers;

  PostgresServer primary;
  ReplicaClients clients;

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
  static void awaitInRotation(ReplicaClients clients, Integer... replicas) {
    List<String> names =
        Stream.of(replicas).map(number -> clients.replica(number).name()).sorted().toList();
    Timeouts.await().until(() -> clients.inRotation().equals(names));
  }

  static ReplicaReading reading(ReplicaClients clients, int replica) {
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

  ReplicaRows look(int replica) {
    return await(clients.replica(replica).query(NEW_LOOK, READ, Tuple.tuple()));
  }
}
