package io.zerodowntime.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ledger finds what must not be, and nothing else. */
class WriteLedgerTest {
  private static final String TABLE =
      """
      CREATE TABLE orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id bigint, old_status text, status text)
      """;
  private static final long USER = WriteLedger.FIRST_USER;

  private final WriteLedger ledger = new WriteLedger();
  private Connection connection;

  @BeforeEach
  void connect() throws SQLException {
    connection = TestPostgres.create(WriteLedgerTest.class).dataSource().getConnection();
    execute(TABLE);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void acknowledgedOrdersAreThereOnce() throws SQLException {
    note(Call.CREATE, USER, 201, "");
    assertThat(ledger.complaints(connection)).hasSize(1);
    insert(USER, "paid");
    assertThat(ledger.complaints(connection)).isEmpty();
    insert(USER, "paid");
    assertThat(ledger.complaints(connection)).hasSize(1);
  }

  @Test
  void refusedOrdersAreNotThere() throws SQLException {
    note(Call.CREATE, USER, 503, "busy");
    assertThat(ledger.complaints(connection)).isEmpty();
    insert(USER, "paid");
    assertThat(ledger.complaints(connection)).hasSize(1);
  }

  @Test
  void ordersOfUnknownOutcomeMayBeThereOnce() throws SQLException {
    note(Call.KEYED_CREATE, USER, 503, "busy");
    note(Call.CREATE, USER + 1, 503, "outcome-unknown");
    note(Call.CREATE, USER + 2, 0, "no answer");
    assertThat(ledger.complaints(connection)).isEmpty();
    insert(USER, "paid");
    insert(USER + 1, "paid");
    insert(USER + 2, "paid");
    assertThat(ledger.complaints(connection)).isEmpty();
    insert(USER + 1, "paid");
    assertThat(ledger.complaints(connection)).hasSize(1);
  }

  @Test
  void theLastAcknowledgedStatusIsThere() throws SQLException {
    insert(1, "s1");
    note(Call.UPDATE, 1, 200, "");
    assertThat(ledger.complaints(connection)).isEmpty();
    note(Call.UPDATE, 2, 200, "");
    assertThat(ledger.complaints(connection))
        .containsExactly("order 1 has s1, acknowledged last was s2");
    execute("UPDATE orders SET status = 's3', old_status = 'S3'");
    note(Call.UPDATE, 3, 503, "outcome-unknown");
    assertThat(ledger.complaints(connection)).isEmpty();
    execute("UPDATE orders SET old_status = 'S2'");
    assertThat(ledger.complaints(connection)).hasSize(1);
  }

  private void note(Call call, long value, int status, String problem) {
    Request request = call.request(1, value);
    ledger.note(request, new HttpAnswer(call, 0, Duration.ZERO, status, problem, true));
  }

  private void insert(long user, String status) throws SQLException {
    execute(
        "INSERT INTO orders (user_id, old_status, status) VALUES (%d, upper('%s'), '%s')"
            .formatted(user, status, status));
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
