package io.zerodowntime.testing;

import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One database of the test server.
 *
 * @param role who logs in, without a password
 */
public record TestDatabase(String name, int port, String role) {

  /** As the superuser. */
  public TestDatabase(String name, int port) {
    this(name, port, TestPostgres.SUPERUSER);
  }

  /** The same database, for another role. */
  public TestDatabase as(String other) {
    return new TestDatabase(name, port, other);
  }

  /** What {@code DATABASE_URL} takes. */
  public String url() {
    return "postgresql://" + role + "@localhost:" + port + "/" + name + "?sslmode=disable";
  }

  /** Every call opens a connection of its own. */
  public DataSource dataSource() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {"localhost"});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName(name);
    source.setUser(role);
    return source;
  }
}
