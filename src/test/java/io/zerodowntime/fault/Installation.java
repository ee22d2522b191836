package io.zerodowntime.fault;

import static io.zerodowntime.testing.Timeouts.await;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * One instance of the packaged program in phase 1, a proxy, and a database of its own behind it.
 * Its DATABASE_URL says nothing about TLS, as most do.
 */
final class Installation implements AutoCloseable {
  /** Requests that are admitted at once. */
  static final int ADMITTED = 128;

  private static final int ROWS = 1000;
  private static final String TEMPLATE = "template_of_faults";
  private static final String LOAD =
      """
      INSERT INTO orders (user_id, amount, old_status)
      SELECT n, n, 'PAID' FROM generate_series(1, %d) AS n
      """;
  private static final String DUAL_WRITE =
      "SELECT count(*) FROM migration_state WHERE phase = 1 AND drained_at IS NOT NULL";

  private final PostgresServer server;
  private final String database;
  private final TcpProxy proxy;
  private final HostNames hosts;
  private final ServiceProcess service;
  private final int port;

  private Installation(PostgresServer server, String database, Path directory, Duration deadline)
      throws IOException {
    this.server = server;
    this.database = database;
    this.proxy = new TcpProxy(server.port());
    this.hosts = HostNames.in(directory);
    this.port = freePort();
    Map<String, String> environment = new HashMap<>();
    environment.put("MIGRATION_SOAK", "0s");
    environment.put("REQUEST_DEADLINE", deadline.toSeconds() + "s");
    environment.put("MAX_REQUESTS", String.valueOf(ADMITTED));
    environment.put("OPERATOR_PASSWORD", HttpCalls.PASSWORD);
    environment.put("DUAL_WRITE", "true");
    environment.put("WRITE_TO_NEW", "true");
    environment.put("READ_FROM_NEW", "false");
    if (ServiceProcess.isNative()) {
      environment.put("DATABASE_URL", url("localhost", proxy.port(), database));
    } else {
      environment.put("DATABASE_URL", url(HostNames.DATABASE, proxy.port(), database));
      environment.put("JAVA_TOOL_OPTIONS", hosts.options());
    }
    this.service = ServiceProcess.start(directory, port, environment);
  }

  private static String url(String host, int port, String database) {
    return "postgresql://postgres@%s:%d/%s".formatted(host, port, database);
  }

  /** Makes the database that each installation gets a copy of. */
  static void prepare(PostgresServer server) throws SQLException {
    server.executeIn("postgres", "CREATE DATABASE " + TEMPLATE);
    EngineSchema.create(new TestDatabase(TEMPLATE, server.port()));
    server.executeIn(TEMPLATE, LOAD.formatted(ROWS));
  }

  /** Starts the program; returns once it serves in phase 1. */
  static Installation start(PostgresServer server, String name, Path directory, Duration deadline)
      throws Exception {
    String database = "fault_" + name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    server.executeIn("postgres", "CREATE DATABASE %s TEMPLATE %s".formatted(database, TEMPLATE));
    Installation installation =
        new Installation(
            server, database, Files.createTempDirectory(directory, database), deadline);
    installation.service.awaitReady();
    await().until(() -> installation.number(DUAL_WRITE) == 1);
    return installation;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  PostgresServer server() {
    return server;
  }

  TcpProxy proxy() {
    return proxy;
  }

  HostNames hosts() {
    return hosts;
  }

  ServiceProcess service() {
    return service;
  }

  /** Of the service. */
  int port() {
    return port;
  }

  /** A session of a stranger, which does not go through the proxy. */
  Connection connect() throws SQLException {
    Connection connection = server.connect(database);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET application_name = 'stranger'");
    }
    return connection;
  }

  long number(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  @Override
  public void close() throws IOException {
    service.close();
    proxy.close();
  }
}
