package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.get;
import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.post;
import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Proves that lists, single reads and comparisons show each order once, by the authoritative
 * column.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderReadStoreTest {
  @Inject OrdersDatabase database;
  @Inject SampleOrders samples;
  @Inject IdempotencyPurge purge;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void pagesThroughEveryOrderOnce(int phase) throws Exception {
    database.reset(phase);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status)"
            + " SELECT 1 + n % 2, 1, 'PAID', 'paid' FROM generate_series(1, 41) AS n");

    assertThat(walk("/orders?limit=20")).isEqualTo(LongStream.rangeClosed(1, 41).boxed().toList());
    assertThat(walk("/orders?limit=41")).hasSize(41);
    assertThat(walk("/orders?limit=5&userId=1&status=paid")).hasSize(20).isSorted();
    assertThat(get("/orders").jsonPath().getList("items")).hasSize(20);
    assertThat(get("/orders?userId=3").asString()).isEqualTo("{\"items\":[],\"next\":null}");
  }

  private static List<Long> walk(String path) {
    List<Long> ids = new ArrayList<>();
    Long next = 0L;
    while (next != null) {
      JsonPath page = get(path + "&after=" + next).jsonPath();
      page.getList("items.id", Long.class).forEach(ids::add);
      next = page.get("next") == null ? null : page.getLong("next");
    }
    return ids;
  }

  @Test
  void showsLegacyValuesAsTheApiSpeaksThem() throws Exception {
    database.reset(0);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status)"
            + " VALUES (1, 1, 'On \"HOLD\" \\'), (1, 1, E'TAB\\t')");

    assertThat(get("/orders/1").jsonPath().getString("status")).isEqualTo("on \"hold\" \\");
    assertThat(get("/orders/2").jsonPath().getString("status")).isEqualTo("tab\t");
    assertThat(get("/orders").jsonPath().getList("items")).hasSize(2);
  }

  @Test
  void showsBothColumnsOfOneTuple() throws Exception {
    database.reset(1);
    database.run("INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'Paid')");
    post(order("sent"));

    assertThat(get("/orders/1/shadow").asString())
        .isEqualTo(
            "{\"orderId\":1,\"phase\":1,\"old\":{\"raw\":\"Paid\",\"status\":\"paid\"},"
                + "\"new\":{\"status\":null},\"match\":false}");
    assertThat(get("/orders/2/shadow").jsonPath().getBoolean("match")).isTrue();
    database.phase(2);
    assertThat(get("/orders/2/shadow").jsonPath().getInt("phase")).isEqualTo(2);
  }

  @Test
  void purgesExpiredKeysOnly() throws Exception {
    database.reset(0);
    database.run(
        "INSERT INTO idempotency_key (key, fingerprint, status, response, created_at)"
            + " SELECT 'k' || n, '', 201, '', now() - n * interval '10 hours'"
            + " FROM generate_series(1, 5000) AS n");

    assertThat(purge.runOnce().await().atMost(LIMIT)).isEqualTo(1000);
    purge.purge().await().atMost(LIMIT);

    assertThat(database.rows("SELECT key FROM idempotency_key ORDER BY key"))
        .containsExactly("k1", "k2");
  }

  @Test
  void loadsDemonstrationOrdersIntoAnEmptyTableOnly() throws Exception {
    database.reset(0);

    assertThat(samples.load(500).await().atMost(LIMIT)).isEqualTo(500);
    assertThat(samples.load(500).await().atMost(LIMIT)).isZero();
    assertThat(database.rows("SELECT DISTINCT old_status FROM orders")).contains("PAID", "Paid");
  }

  @Test
  void countsOrdersAndReplays() throws Exception {
    database.reset(0);
    double created = counter("orders_created_total");
    double replayed = counter("orders_replayed_total");

    post("a-key", order("paid"));
    post("a-key", order("paid"));

    assertThat(counter("orders_created_total")).isEqualTo(created + 1);
    assertThat(counter("orders_replayed_total")).isEqualTo(replayed + 1);
    assertThat(get("/q/metrics").asString())
        .containsPattern("http_server_requests_seconds_bucket\\{.*le=\"0.5\"");
  }

  private static double counter(String name) {
    return get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElseThrow();
  }
}
