package io.zerodowntime.orders;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.agroal.api.AgroalDataSource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A write at another level than READ COMMITTED does nothing: its snapshot may precede its lock. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderIsolationTest {
  @Inject OrdersDatabase database;
  @Inject SampleOrders samples;
  @Inject AgroalDataSource source;

  @BeforeEach
  void load() throws Exception {
    database.reset(0);
    assertThat(samples.load(10).await().atMost(LIMIT)).isEqualTo(10);
  }

  @ParameterizedTest
  @CsvSource({
    Connection.TRANSACTION_READ_COMMITTED + ", 1",
    Connection.TRANSACTION_REPEATABLE_READ + ", 0",
    Connection.TRANSACTION_SERIALIZABLE + ", 0"
  })
  void writesOnlyAtReadCommitted(int level, int rows) throws SQLException {
    assertThat(written(level, OrderStore.UPDATE.get(StatusColumns.OLD), "0", "1", "'paid'"))
        .isEqualTo(rows);
    assertThat(written(level, OrderStore.CREATE.get(StatusColumns.OLD), "0", "1", "1", "'paid'"))
        .isEqualTo(rows);
  }

  /** How many rows the statement brings back, with these texts in place of its parameters. */
  private int written(int level, String statement, String... parameters) throws SQLException {
    String sql = statement;
    for (int number = parameters.length; number > 0; number--) {
      sql = sql.replace("$" + number, parameters[number - 1]);
    }
    try (Connection connection = source.getConnection();
        Statement sent = connection.createStatement()) {
      connection.setTransactionIsolation(level);
      try (ResultSet found = sent.executeQuery(sql)) {
        return found.next() ? 1 : 0;
      } finally {
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      }
    }
  }
}
