package io.zerodowntime.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.Pooling;
import io.zerodowntime.testing.PgBouncer;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Proves that a start finds out what kind of pooler stands before the server, with PgBouncer. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("unfrozen server")
class PoolerPreflightTest {
  private static final TestDatabase DATABASE = TestPostgres.create(PoolerPreflightTest.class);
  private static final String ROLE = "pooled_" + DATABASE.name();

  @TempDir Path directory;

  @BeforeEach
  void create() throws SQLException {
    execute("CREATE ROLE \"" + ROLE + "\" LOGIN");
  }

  @AfterEach
  void drop() throws SQLException {
    execute("DROP ROLE \"" + ROLE + "\"");
  }

  private void execute(String... statements) throws SQLException {
    try (Connection connection = DATABASE.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private PgBouncer pooler(String mode, int size) throws Exception {
    return PgBouncer.start(directory.resolve(mode + size), DATABASE.port(), mode, size, ROLE);
  }

  private static String url(int port) {
    return "postgresql://%s@localhost:%d/%s?sslmode=disable".formatted(ROLE, port, DATABASE.name());
  }

  private static Pooling pooling(int port, Optional<String> direct) {
    return DatabasePreflight.check(url(port), direct, Optional.empty(), Optional.empty()).pooling();
  }

  @Test
  void aServerIsNoPooler() {
    assertThat(pooling(DATABASE.port(), Optional.empty())).isEqualTo(Pooling.NONE);
    assertThat(pooling(DATABASE.port(), Optional.of(url(DATABASE.port())))).isEqualTo(Pooling.NONE);
  }

  @Test
  void sessionModeIsFoundAlsoWhereNoSessionIsLeftForASecondConnection() throws Exception {
    try (PgBouncer pooler = pooler("session", 20);
        PgBouncer narrow = pooler("session", 1)) {
      assertThat(pooling(pooler.port(), Optional.empty())).isEqualTo(Pooling.SESSION);
      assertThat(pooling(narrow.port(), Optional.empty())).isEqualTo(Pooling.SESSION);
    }
  }

  @Test
  void transactionModeTakesADirectUrl() throws Exception {
    Optional<String> direct = Optional.of(url(DATABASE.port()));
    try (PgBouncer pooler = pooler("transaction", 20)) {
      refuses(
          pooler.port(),
          Optional.empty(),
          "schema changes, contract and backfill need sessions of their own: set"
              + " DATABASE_DIRECT_URL to the server itself");
      refuses(pooler.port(), direct, "statement_timeout = '5500ms'");
      refuses(pooler.port(), Optional.of(url(pooler.port())), "name the server itself");
      refuses(
          pooler.port(),
          Optional.of("postgresql://" + ROLE + "@localhost:" + DATABASE.port() + "/postgres"),
          "is another database than DATABASE_URL");
    }
    execute(
        "ALTER ROLE \"" + ROLE + "\" SET statement_timeout = '5500ms'",
        "ALTER ROLE \"" + ROLE + "\" SET lock_timeout = '1s'",
        "ALTER ROLE \"" + ROLE + "\" SET idle_in_transaction_session_timeout = '30s'");
    for (int size : new int[] {1, 20}) {
      try (PgBouncer pooler = pooler("transaction", size)) {
        assertThat(pooling(pooler.port(), direct)).isEqualTo(Pooling.TRANSACTION);
      }
    }
    execute("ALTER ROLE \"" + ROLE + "\" SET default_transaction_isolation = 'repeatable read'");
    try (PgBouncer pooler = pooler("transaction", 2)) {
      refuses(pooler.port(), direct, "default_transaction_isolation = 'read committed'");
    }
  }

  @Test
  void statementModeIsRefused() throws Exception {
    try (PgBouncer pooler = pooler("statement", 20)) {
      refuses(pooler.port(), Optional.empty(), "in statement mode: transactions are needed");
    }
  }

  @Test
  void optionsAreRefusedBehindAPooler() throws Exception {
    try (PgBouncer pooler = pooler("session", 20)) {
      assertThatExceptionOfType(StartException.class)
          .isThrownBy(
              () ->
                  DatabasePreflight.check(
                      url(pooler.port()) + "&options=-c%20search_path%3Dshop",
                      Optional.empty(),
                      Optional.empty(),
                      Optional.empty()))
          .withMessageContaining("options");
    }
  }

  private static void refuses(int port, Optional<String> direct, String reason) {
    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> pooling(port, direct))
        .withMessageContaining(reason)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }
}
