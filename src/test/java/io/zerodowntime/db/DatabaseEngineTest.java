package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that servers which only speak PostgreSQL's protocol are refused. */
class DatabaseEngineTest {
  private static final TestDatabase DATABASE = TestPostgres.create(DatabaseEngineTest.class);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PostgreSQL 14.20 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 13.2.0, 64-bit",
        "PostgreSQL 18.1 (Debian 18.1-1.pgdg13+2) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
        "PostgreSQL 16.4 on aarch64-unknown-linux-gnu, compiled by aarch64-unknown-linux-gnu-gcc",
        "PostgreSQL 17beta1 on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
        "PostgreSQL 15.7 (EnterpriseDB Advanced Server 15.7.0) on x86_64-pc-linux-gnu"
      })
  void acceptsPostgresql(String version) {
    assertThat(DatabaseEngine.judge(version)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu, compiled by clang | YugabyteDB",
        "PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang | YugabyteDB",
        "CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu, built 2024/05/15, go1.22) | CockroachDB",
        "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.77467 | Amazon Redshift",
        "PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64 | Greenplum",
        "PostgreSQL 14.4 (Apache Cloudberry 2.0.0 build dev) on x86_64 | Apache Cloudberry",
        "PostgreSQL 13.14.0-RisingWave-2.0.0 (f1a2b3c) | RisingWave",
        "PostgreSQL 9.5.0 on x86_64-unknown-linux-gnu (Materialize v0.100.0) | Materialize",
        "MatrixOne 8.0.30 | \"MatrixOne 8.0.30\"",
        "SomeSQL 16 | \"SomeSQL 16\""
      })
  void refusesWhatOnlySpeaksItsProtocol(String version, String name) {
    assertThat(DatabaseEngine.judge(version)).contains(name);
  }

  @Test
  void aRealOneShowsItsLocks() throws SQLException {
    try (Connection connection = DATABASE.dataSource().getConnection()) {
      assertThat(DatabaseEngine.refuse(connection)).isEmpty();
    }
  }

  @Test
  void oneThatHidesItsLocksIsRefusedWhateverItsVersionSays() throws SQLException {
    try (Connection connection = DATABASE.dataSource().getConnection()) {
      // the unqualified name finds this one, as empty as the view of a server without locks
      connection.createStatement().execute("CREATE SCHEMA other");
      connection
          .createStatement()
          .execute("CREATE VIEW other.pg_locks AS SELECT * FROM pg_catalog.pg_locks WHERE false");
      connection.createStatement().execute("SET search_path = other, pg_catalog");
      assertThat(DatabaseEngine.refuse(connection))
          .contains("a server that does not show its locks in pg_locks");
    }
  }
}
