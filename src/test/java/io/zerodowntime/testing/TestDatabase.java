package io.zerodowntime.testing;

import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** One database of the test server. Its user is the superuser, without a password. */
public record TestDatabase(String name, int port) {

  /** What {@code DATABASE_URL} takes. */
  public String url() {
    return "postgresql://postgres@localhost:" + port + "/" + name + "?sslmode=disable";
  }

  /** Every call opens a connection of its own. */
  public DataSource dataSource() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {"localhost"});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName(name);
    source.setUser("postgres");
    return source;
  }
}
