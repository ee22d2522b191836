package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.vertx.core.Vertx;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.Key;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.postgresql.Driver;

/** Logs in with both clients, by passwords that change and by certificates, at a real server. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("login server")
class DatabaseLoginTest {
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final Map<String, Integer> SIZES =
      Map.of("orders", 1, "rows", 1, "reads", 1, "control", 1, "engine", 1);
  private static final String WHO =
      "SELECT current_user || ' ' || (SELECT ssl FROM pg_stat_ssl"
          + " WHERE pid = pg_backend_pid())";
  private static final String STORE_PASSWORD = "changeit";

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private PostgresServer server;

  @BeforeEach
  void start() throws IOException {
    server = new PostgresServer(directory.resolve("data"));
  }

  @AfterEach
  void end() throws IOException {
    vertx.close().toCompletionStage().toCompletableFuture().join();
    server.close();
  }

  @Test
  void aPasswordThatChangesInItsFileNeedsNoRestart() throws Exception {
    access("host all ada all scram-sha-256");
    Path file = Files.writeString(directory.resolve("password"), "one\n");
    Path passFile = Files.writeString(directory.resolve("pgpass"), "*:*:*:ada:one\n");
    Files.setPosixFilePermissions(passFile, PosixFilePermissions.fromString("rw-------"));
    server.execute("CREATE ROLE ada LOGIN PASSWORD 'one'");
    DatabaseUrl bare = url("ada", "sslmode=disable");
    DatabaseUrl byFile = bare.withPasswordFiles(Optional.of(file.toString()), Optional.empty());
    DatabaseUrl byPassFile = url("ada", "sslmode=disable&passfile=" + passFile);
    try (Pools pools = new Pools(byFile);
        Pools others = new Pools(byPassFile)) {
      Timeouts.await().until(() -> pools.who().equals("ada false"));
      Timeouts.await().until(() -> others.who().equals("ada false"));

      server.execute("ALTER ROLE ada PASSWORD 'two'");
      assertThat(pools.who()).as("what is connected goes on").isEqualTo("ada false");
      server.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ada'");
      Timeouts.await().until(() -> pools.who().contains("password authentication failed"));

      Files.writeString(file, "two\n");
      Files.writeString(passFile, "*:*:*:ada:two\n");
      Timeouts.await().until(() -> pools.who().equals("ada false"));
      Timeouts.await().until(() -> others.who().equals("ada false"));
      assertThat(jdbc(byFile)).isEqualTo("ada false");
    }
  }

  @Test
  void aCertificateLogsInWithBothClientsAndIsReadAnew() throws Exception {
    Pem host = Pem.make(directory, "localhost", "RSA");
    Pem client = Pem.make(directory, "ada", "EC");
    Pem stranger = Pem.make(directory, "bob", "EC");
    server.execute(
        "CREATE ROLE ada LOGIN",
        "ALTER SYSTEM SET ssl = on",
        "ALTER SYSTEM SET ssl_cert_file = '%s'".formatted(host.certificate()),
        "ALTER SYSTEM SET ssl_key_file = '%s'".formatted(host.key()),
        "ALTER SYSTEM SET ssl_ca_file = '%s'".formatted(client.certificate()));
    access("hostssl all ada all cert");
    String parameters =
        "sslmode=verify-full&sslrootcert=%s&sslcert=%s&sslkey=%s"
            .formatted(host.certificate(), client.certificate(), client.key());
    DatabaseUrl url = url("ada", parameters);
    url.checkFiles();
    assertThat(jdbc(url)).isEqualTo("ada true");
    try (Pools pools = new Pools(url)) {
      Timeouts.await().until(() -> pools.who().equals("ada true"));
      stranger.replace(client);
      server.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ada'");
      Timeouts.await().until(() -> !pools.who().equals("ada true"));
    }

    Files.setPosixFilePermissions(client.key(), PosixFilePermissions.fromString("rw-r--r--"));
    assertThatIllegalArgumentException()
        .isThrownBy(url::checkFiles)
        .withMessageContaining("sslkey")
        .withMessageContaining("0640 or less if it belongs to root");
    Files.setPosixFilePermissions(client.key(), PosixFilePermissions.fromString("rw-------"));
    Files.writeString(client.key(), "no key");
    assertThatIllegalArgumentException()
        .isThrownBy(url::checkFiles)
        .withMessageContaining("are not a PEM certificate and a PEM key");
  }

  private void access(String first) throws IOException {
    Path rules = directory.resolve("data/pg_hba.conf");
    Files.writeString(rules, first + "\n" + Files.readString(rules));
    server.execute("SELECT pg_reload_conf()");
  }

  private DatabaseUrl url(String user, String parameters) {
    return DatabaseUrl.parse(
        "postgresql://%s@localhost:%d/postgres?%s".formatted(user, server.port(), parameters));
  }

  private static String jdbc(DatabaseUrl url) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", url.user());
    login.setProperty("password", url.password(url.hosts().get(0)).orElse(""));
    try (Connection connection = new Driver().connect(url.jdbcUrl(), login);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(WHO)) {
      row.next();
      return row.getString(1);
    }
  }

  /** The pools of one URL. */
  private final class Pools implements AutoCloseable {
    private final Pool engine;

    Pools(DatabaseUrl url) {
      DatabasePools pools =
          new DatabasePools(
              new PoolSettings(DEADLINE, 24, SIZES),
              new CircuitBreaker(DEADLINE),
              new DatabaseServers(
                  Optional.of(url),
                  Optional.empty(),
                  Pooling.NONE,
                  Optional.empty(),
                  Optional.empty()),
              new PrimaryLine());
      engine =
          Pool.newInstance(
              pools.create(new Given(vertx, new PoolOptions(), List.of(new PgConnectOptions()))));
    }

    String who() {
      return engine
          .preparedQuery(WHO)
          .execute()
          .map(rows -> rows.iterator().next().getString(0))
          .onFailure()
          .recoverWithItem(String::valueOf)
          .await()
          .atMost(Timeouts.LIMIT);
    }

    @Override
    public void close() {
      engine.closeAndAwait();
    }
  }

  /** A certificate that signs itself, and its key. */
  private record Pem(Path certificate, Path key) {
    static Pem make(Path directory, String name, String algorithm) throws Exception {
      Path store = directory.resolve(name + ".p12");
      Process keytool =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                  "-genkeypair",
                  "-alias",
                  name,
                  "-keyalg",
                  algorithm,
                  "-dname",
                  "CN=" + name,
                  "-ext",
                  "san=dns:" + name,
                  "-storetype",
                  "PKCS12",
                  "-keystore",
                  store.toString(),
                  "-storepass",
                  STORE_PASSWORD)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve(name + ".log").toFile())
              .start();
      assertThat(keytool.waitFor()).as(name).isZero();
      KeyStore loaded = KeyStore.getInstance(store.toFile(), STORE_PASSWORD.toCharArray());
      Key key = loaded.getKey(name, STORE_PASSWORD.toCharArray());
      Path keyFile = write(directory.resolve(name + ".key"), "PRIVATE KEY", key.getEncoded());
      Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-------"));
      return new Pem(
          write(
              directory.resolve(name + ".crt"),
              "CERTIFICATE",
              loaded.getCertificate(name).getEncoded()),
          keyFile);
    }

    private static Path write(Path file, String what, byte[] content) throws IOException {
      String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
      return Files.writeString(
          file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, lines, what));
    }

    /** Puts this one into the files of another one. */
    void replace(Pem other) throws IOException {
      Files.writeString(other.certificate(), Files.readString(certificate));
      Files.writeString(other.key(), Files.readString(key));
    }
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
