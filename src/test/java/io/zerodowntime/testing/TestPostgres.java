package io.zerodowntime.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The one PostgreSQL server of a test JVM; it ends with the JVM and keeps nothing. */
public final class TestPostgres {
  static final String SUPERUSER = "postgres";

  /** Owns the tables of {@link EngineSchema}, and has the rights that docs/kubernetes.md names. */
  static final String OWNER = "orders_owner";

  private static final String SHARED_PORT = "test.postgres.port";

  private TestPostgres() {}

  /**
   * A fresh, empty database on the server.
   *
   * @param test names the database, so that a look at the server tells whose it is
   */
  public static TestDatabase create(Class<?> test) {
    return create(test, "template1");
  }

  /**
   * A fresh copy of a database on the server.
   *
   * @param test names the database
   * @param template its original, which no session uses
   */
  static TestDatabase create(Class<?> test, String template) {
    String suffix = UUID.randomUUID().toString().substring(0, 8);
    String name = test.getSimpleName().toLowerCase(Locale.ROOT) + "_" + suffix;
    try (Connection connection = superuser().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " TEMPLATE " + template);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new TestDatabase(name, port());
  }

  /** The maintenance database, for what concerns the whole server. */
  public static DataSource superuser() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setPortNumbers(new int[] {port()});
    source.setUser(SUPERUSER);
    source.setDatabaseName("postgres");
    return source;
  }

  /** The port on localhost. */
  public static int port() {
    return Holder.PORT;
  }

  /** The server's first process, the parent of all others. */
  public static ProcessHandle postmaster() {
    try (Connection connection = superuser().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW data_directory")) {
      row.next();
      Path file = Path.of(row.getString(1), "postmaster.pid");
      long pid = Long.parseLong(Files.readAllLines(file).get(0).strip());
      return ProcessHandle.of(pid).orElseThrow();
    } catch (SQLException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Starts a server. The first one on a machine unpacks the binaries, under a lock on a file that
   * fails if another thread of the JVM has it: one starts after the other.
   */
  public static EmbeddedPostgres start(EmbeddedPostgres.Builder server) throws IOException {
    // this lock and the properties belong to the JVM, not to a class loader
    synchronized (Runtime.getRuntime()) {
      return server.start();
    }
  }

  /** Started when first asked for. Each Quarkus application of the JVM has a copy of this class. */
  private static final class Holder {
    static final int PORT = port();

    private static int port() {
      synchronized (Runtime.getRuntime()) {
        return Optional.ofNullable(Integer.getInteger(SHARED_PORT)).orElseGet(Holder::start);
      }
    }

    private static int start() {
      try {
        EmbeddedPostgres server =
            TestPostgres.start(
                EmbeddedPostgres.builder()
                    .setServerConfig("max_prepared_transactions", "10")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("shared_buffers", "256MB")
                    // as on a real server; fsync stays off
                    .setServerConfig("synchronous_commit", "on"));
        createRole(server.getTemplateDatabase());
        System.setProperty(SHARED_PORT, String.valueOf(server.getPort()));
        return server.getPort();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Every database is a copy of the template, with what is granted in it. */
    private static void createRole(DataSource template) {
      try (Connection connection = template.getConnection()) {
        EngineDatabase.execute(connection, "CREATE ROLE " + OWNER + " LOGIN");
        EngineDatabase.execute(connection, "GRANT USAGE, CREATE ON SCHEMA public TO " + OWNER);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
