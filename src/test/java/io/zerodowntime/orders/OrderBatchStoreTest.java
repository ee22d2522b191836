package io.zerodowntime.orders;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The statement that creates several orders, beside the one that creates one. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderBatchStoreTest {
  private static final Duration TTL = Duration.ofHours(24);

  @Inject OrdersDatabase database;
  @Inject OrderBatchStore batchStore;

  @ParameterizedTest
  @CsvSource({"0, PAID/-", "1, PAID/paid", "2, PAID/paid", "3, -/paid"})
  void createsEachAsTheStatementForOneWould(int number, String columns) throws Exception {
    database.reset(number);
    Phase phase = Phase.of(number);

    List<String> json = create(List.of(plain(phase, "paid"), keyed(phase, "b"), keyed(phase, "a")));

    for (int each = 0; each < 3; each++) {
      long id = Long.parseLong(OrderJson.location(json.get(each)).substring("/orders/".length()));
      assertThat(OrdersApi.get("/orders/" + id).asString()).isEqualTo(json.get(each));
      assertThat(database.columns(id)).isEqualTo(columns);
    }
    assertThat(database.rows("SELECT response FROM idempotency_key ORDER BY key"))
        .containsExactly(json.get(2), json.get(1));
    assertThat(database.rows("SELECT DISTINCT xmin FROM orders")).as("transactions").hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(Phase.class)
  void doesNothingInAnotherPhase(Phase sent) throws Exception {
    for (int number = 0; number <= 3; number++) {
      int actual = number;
      database.reset(actual);
      List<String> json = create(List.of(plain(sent, "paid"), keyed(sent, "a")));

      assertThat(json).allMatch(each -> (each == null) == (sent.number() != actual));
      assertThat(database.count("orders")).isEqualTo(actual == sent.number() ? 2 : 0);
      assertThat(database.count("idempotency_key")).isEqualTo(actual == sent.number() ? 1 : 0);
    }
  }

  @Test
  void leavesOutOnlyTheOrderWhoseKeyIsTaken() throws Exception {
    database.reset(1);
    Phase phase = Phase.of(1);
    String first = create(List.of(keyed(phase, "taken"), keyed(phase, "expired"))).get(0);
    database.run(
        "UPDATE idempotency_key SET created_at = now() - interval '25 hours'"
            + " WHERE key = 'expired'");

    List<String> json =
        create(
            List.of(
                keyed(phase, "new"),
                keyed(phase, "taken"),
                plain(phase, "paid"),
                keyed(phase, "expired")));

    assertThat(json.get(1)).isNull();
    assertThat(List.of(json.get(0), json.get(2), json.get(3))).doesNotContainNull();
    assertThat(database.count("orders")).isEqualTo(5);
    assertThat(database.rows("SELECT response FROM idempotency_key ORDER BY key"))
        .containsExactly(json.get(3), json.get(0), first);
  }

  @Test
  void keepsFieldsOfNeighboursApart() throws Exception {
    database.reset(1);
    List<OrderCreation> many =
        IntStream.rangeClosed(1, 64)
            .mapToObj(
                n ->
                    new OrderCreation(
                        Phase.of(1),
                        new NewOrder((long) n, new BigDecimal(n + ".5"), "s" + n),
                        n % 3 == 0 ? null : claim("key-" + n)))
            .toList();

    List<String> json = create(many);

    for (int n = 1; n <= 64; n++) {
      assertThat(json.get(n - 1))
          .contains("\"userId\":" + n + ",\"amount\":" + n + ".50,\"status\":\"s" + n + "\"");
    }
    assertThat(
            database.rows(
                "SELECT count(*) FROM orders WHERE amount = user_id + 0.5"
                    + " AND status = 's' || user_id AND old_status = 'S' || user_id"))
        .containsExactly("64");
    assertThat(
            database.rows(
                "SELECT count(*) FROM idempotency_key AS k JOIN orders AS o"
                    + " ON o.id = (k.response::json->>'id')::bigint"
                    + " AND k.key = 'key-' || o.user_id"))
        .containsExactly("43");
  }

  private static OrderCreation plain(Phase phase, String status) {
    return new OrderCreation(phase, new NewOrder(7L, BigDecimal.TEN, status), null);
  }

  private static OrderCreation keyed(Phase phase, String key) {
    return new OrderCreation(phase, new NewOrder(7L, BigDecimal.TEN, "paid"), claim(key));
  }

  private static IdempotencyClaim claim(String key) {
    return new IdempotencyClaim(
        new IdempotencyKey(key), IdempotencyKey.fingerprint("POST", "/orders", key), TTL);
  }

  private List<String> create(List<OrderCreation> creations) {
    return batchStore.create(creations, WriteRequests.current()).await().atMost(LIMIT);
  }
}
