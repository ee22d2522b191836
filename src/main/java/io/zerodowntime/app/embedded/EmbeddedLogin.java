package io.zerodowntime.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.postgresql.Driver;

/**
 * Has an embedded server ask for a password. A data directory is made, or was made by an earlier
 * version, so that every user of this machine may log in: the first start with such a directory
 * gives the superuser the password, and has the server ask for it from then on.
 *
 * @param password of URL-safe characters
 */
record EmbeddedLogin(EmbeddedDirectory directory, String password) {
  private static final String USER = "postgres";
  private static final String MARK = "# by zerodowntime: asks for a password\n";
  private static final String ASKS =
      MARK
          + """
          local all all scram-sha-256
          host all all 127.0.0.1/32 scram-sha-256
          host all all ::1/128 scram-sha-256
          """;
  private static final String TRUSTS = ASKS.replace(MARK, "").replace("scram-sha-256", "trust");

  static EmbeddedLogin of(EmbeddedDirectory directory) throws IOException {
    boolean known = Files.exists(LocalFiles.databasePasswordFile(directory.root()));
    EmbeddedLogin login =
        new EmbeddedLogin(directory, LocalFiles.databasePassword(directory.root()));
    // its file was removed: the password is lost
    if (!known && login.isAsked()) {
      login.write(TRUSTS);
    }
    return login;
  }

  /** To be called once the server takes connections. */
  void require(int port) throws IOException {
    if (isAsked()) {
      return;
    }
    Properties login = new Properties();
    login.setProperty("user", USER);
    login.setProperty("sslmode", "disable");
    String url = "jdbc:postgresql://localhost:" + port + "/postgres";
    try (Connection connection = new Driver().connect(url, login);
        Statement statement = connection.createStatement()) {
      statement.execute("SET password_encryption = 'scram-sha-256'");
      statement.execute("ALTER ROLE " + USER + " PASSWORD '" + password + "'");
      write(ASKS);
      statement.execute("SELECT pg_reload_conf()");
    } catch (SQLException e) {
      throw new IOException("cannot set the database's password: " + e.getMessage(), e);
    }
  }

  /** A {@code DATABASE_URL}. */
  String url(int port) {
    return "postgresql://"
        + USER
        + ":"
        + password
        + "@localhost:"
        + port
        + "/postgres?sslmode=disable";
  }

  private boolean isAsked() throws IOException {
    return Files.exists(file()) && Files.readString(file()).startsWith(MARK);
  }

  private void write(String rules) throws IOException {
    Path made = Files.writeString(file().resolveSibling("pg_hba.conf.new"), rules);
    Files.move(made, file(), StandardCopyOption.ATOMIC_MOVE);
  }

  private Path file() {
    return directory.data().resolve("pg_hba.conf");
  }
}
