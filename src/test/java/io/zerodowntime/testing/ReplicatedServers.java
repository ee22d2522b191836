package io.zerodowntime.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A primary with streaming replicas, each a server of its own. The embedded binaries have no
 * pg_basebackup, so a replica begins as a copy of the primary's files, made while it is stopped.
 */
public final class ReplicatedServers implements AutoCloseable {
  private final PostgresServer primary;
  private final List<PostgresServer> replicas = new ArrayList<>();

  /**
   * @param directory for all data
   * @param count how many replicas; they are called {@code r1}, {@code r2}, ...
   */
  public ReplicatedServers(Path directory, int count) throws IOException {
    Path data = directory.resolve("primary");
    primary = new PostgresServer(data);
    primary.stop();
    for (int number = 1; number <= count; number++) {
      Path copy = directory.resolve("r" + number);
      copy(data, copy);
      Files.createFile(copy.resolve("standby.signal"));
      Files.writeString(
          copy.resolve("postgresql.auto.conf"),
          """
          primary_conninfo = 'host=localhost port=%d user=postgres application_name=r%d'
          wal_retrieve_retry_interval = '100ms'
          wal_receiver_status_interval = '1s'
          """
              .formatted(primary.port(), number),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      replicas.add(new PostgresServer(copy));
    }
    primary.start();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else if (!file.endsWith("postmaster.pid")) {
          Files.copy(file, copy);
        }
      }
    }
    // the server refuses a directory that others may read
    Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwx------"));
  }

  public PostgresServer primary() {
    return primary;
  }

  /** A replica, counted from 1. */
  public PostgresServer replica(int number) {
    return replicas.get(number - 1);
  }

  /** What {@code READ_REPLICA_URL} takes. */
  public String replicaUrl(String database) {
    return replicas.stream()
        .map(each -> "localhost:" + each.port())
        .collect(
            Collectors.joining(",", "postgresql://postgres@", "/" + database + "?sslmode=disable"));
  }

  /** Waits until every replica has replayed what the primary has now. */
  public void awaitReplay() {
    String position = primary.ask("SELECT pg_current_wal_flush_lsn()");
    for (PostgresServer replica : replicas) {
      Timeouts.await()
          .until(
              () ->
                  replica.ask("SELECT pg_last_wal_replay_lsn() >= '" + position + "'").equals("t"));
    }
  }

  @Override
  public void close() throws IOException {
    for (PostgresServer replica : replicas) {
      replica.close();
    }
    primary.close();
  }
}
