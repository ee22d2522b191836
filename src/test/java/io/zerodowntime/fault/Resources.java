package io.zerodowntime.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;

/**
 * What an instance holds.
 *
 * @param connections to the database, as the network has them
 * @param sessions of the service, as the server has them
 * @param descriptors open files and sockets of its process
 * @param mebibytes of memory that is resident
 */
record Resources(int connections, long sessions, long descriptors, long mebibytes) {
  private static final String SESSIONS =
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend'
        AND application_name <> 'stranger'
      """;

  static Resources of(Installation installation) throws IOException, SQLException {
    Path process = Path.of("/proc", String.valueOf(installation.service().pid()));
    String[] descriptors = process.resolve("fd").toFile().list();
    return new Resources(
        installation.proxy().connections(),
        installation.number(SESSIONS),
        descriptors == null ? 0 : descriptors.length,
        resident(process));
  }

  private static long resident(Path process) throws IOException {
    return Files.readAllLines(process.resolve("status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(0);
  }

  /** Whether each connection has a session, and each session a connection. */
  boolean agree() {
    return connections == sessions;
  }
}
