package io.zerodowntime.app;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.DatabaseUrl;
import io.zerodowntime.db.SslMode;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Proves that a start finds out in seconds whether the database can serve, and says why not. */
class DatabasePreflightTest {
  private static final TestDatabase DATABASE = TestPostgres.create(DatabasePreflightTest.class);

  @Test
  void acceptsAServerThatAnswers() {
    assertThatCode(() -> check(DATABASE.url())).doesNotThrowAnyException();
  }

  @Test
  void asksTheServerOnceWhetherItSpeaksTls() {
    String url = DATABASE.url().replaceFirst("\\?.*", "");
    for (String mode : List.of("", "?sslmode=prefer", "?sslmode=allow")) {
      assertThat(check(url + mode).sslMode()).as(mode).isEqualTo(SslMode.DISABLE);
    }
    assertThat(check(DATABASE.url()).sslMode()).isEqualTo(SslMode.DISABLE);
    refuses(url + "?sslmode=require", "refuses the connection");
  }

  /** The limit is below authentication_timeout, after which the server ends what was left. */
  @Test
  void noProcessIsLeftBesideTheConnectionsToAServerWithoutTls() throws Exception {
    SslMode mode = check(DATABASE.url().replaceFirst("\\?.*", "")).sslMode();
    PgConnectOptions options =
        new PgConnectOptions()
            .setPort(DATABASE.port())
            .setHost("localhost")
            .setDatabase(DATABASE.name())
            .setUser("postgres")
            .setSslMode(io.vertx.pgclient.SslMode.of(mode.label()));
    Vertx vertx = Vertx.vertx();
    try {
      PgConnection.connect(vertx, options).toCompletionStage().toCompletableFuture().join();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> TestPostgres.postmaster().children().count() <= sessions());
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private static long sessions() throws SQLException {
    try (Connection connection = TestPostgres.superuser().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM pg_stat_activity")) {
      row.next();
      return row.getLong(1);
    }
  }

  @Test
  void saysWhenNoServerListens() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    refuses("postgresql://ada:s3cr3t@localhost:" + port + "/shop", "cannot be reached");
  }

  @Test
  void saysWhenTheHostIsUnknown() {
    refuses("postgresql://ada:s3cr3t@nowhere.invalid/shop", "unknown host");
  }

  @Test
  @Timeout(60)
  void givesUpOnAServerThatIsSilent() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      refuses(
          "postgresql://ada:s3cr3t@localhost:" + silent.getLocalPort() + "/shop",
          "cannot be reached");
    }
  }

  @Test
  void saysWhenTheDatabaseIsMissing() {
    refuses(
        "postgresql://postgres:s3cr3t@localhost:" + DATABASE.port() + "/nosuch",
        "has no such database");
  }

  @Test
  void saysWhenTheLoginIsWrong() throws SQLException {
    try (Connection connection = TestPostgres.superuser().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE ROLE preflight_nologin");
    }
    refuses(
        "postgresql://preflight_nologin:s3cr3t@localhost:" + DATABASE.port() + "/postgres",
        "refuses the login");
  }

  @Test
  void refusesServersBeforeFourteen() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada:s3cr3t@h/shop");

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> ReachedServer.requireVersion("DATABASE_URL", url, 13, "13.23"))
        .withMessage(
            "DATABASE_URL postgresql://ada:***@h:5432/shop is PostgreSQL 13.23:"
                + " 14 or later is needed");
    assertThatCode(() -> ReachedServer.requireVersion("DATABASE_URL", url, 14, "14.0"))
        .doesNotThrowAnyException();
  }

  @Test
  void refusesOthersInOneLine() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada:s3cr3t@h/shop");

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(
            () -> ReachedServer.requireEngine("DATABASE_URL", url, Optional.of("YugabyteDB")))
        .withMessage(
            "DATABASE_URL postgresql://ada:***@h:5432/shop is YugabyteDB:"
                + " PostgreSQL itself is needed, by its locks the fleet switches");
    assertThatCode(() -> ReachedServer.requireEngine("DATABASE_URL", url, Optional.empty()))
        .doesNotThrowAnyException();
  }

  private static DatabasePreflight.Found check(String url) {
    return DatabasePreflight.check(url, Optional.empty(), Optional.empty(), Optional.empty());
  }

  private static void refuses(String url, String reason) {
    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> check(url))
        .withMessageStartingWith("DATABASE_URL ")
        .withMessageContaining(reason)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("s3cr3t").doesNotContain("\n"));
  }
}
