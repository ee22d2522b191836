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
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No statement of a request reads the table from end to end, whatever its parameters are. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderPlansTest {
  private static final Pattern PARAMETER = Pattern.compile("\\$(\\d)");

  @Inject OrdersDatabase database;
  @Inject SampleOrders samples;
  @Inject AgroalDataSource source;

  @BeforeEach
  void load() throws Exception {
    database.reset(0);
    assertThat(samples.load(20_000).await().atMost(LIMIT)).isEqualTo(20_000);
    database.run("UPDATE orders SET status = lower(old_status)");
    database.run("ANALYZE orders");
  }

  @Test
  void everyStatementFindsItsRowsByAnIndex() throws Exception {
    Stream<String> writes =
        Stream.of(
                OrderStore.CREATE,
                OrderStore.CREATE_UNDER_KEY,
                OrderStore.UPDATE,
                OrderStore.UPDATE_UNDER_KEY)
            .flatMap(variants -> variants.values().stream());
    Stream<String> reads =
        Stream.of(
            OrderReadStore.FIND_BY_OLD,
            OrderReadStore.FIND_BY_NEW,
            OrderLookupBatcher.FIND_BY_OLD,
            OrderLookupBatcher.FIND_BY_NEW,
            OrderReadStore.COMPARE_BY_OLD,
            OrderReadStore.COMPARE_BY_NEW,
            OrderReadStore.SHADOW);
    for (String sql : Stream.of(writes, reads, pages()).flatMap(each -> each).toList()) {
      assertThat(plan(sql)).as(sql).doesNotContain("Seq Scan on orders").contains("phase");
    }
  }

  private static Stream<String> pages() {
    Optional<Long> user = Optional.of(7L);
    Optional<String> status = Optional.of("paid");
    return Stream.of(
            new OrderQuery(Optional.empty(), Optional.empty(), 0, 20),
            new OrderQuery(user, Optional.empty(), 0, 20),
            new OrderQuery(Optional.empty(), status, 0, 20),
            new OrderQuery(user, status, 0, 20))
        .flatMap(q -> Stream.of(OrderReadStore.pageSql(q, false), OrderReadStore.pageSql(q, true)));
  }

  private String plan(String sql) throws Exception {
    int parameters =
        PARAMETER
            .matcher(sql)
            .results()
            .mapToInt(m -> Integer.parseInt(m.group(1)))
            .max()
            .orElse(0);
    String nulls = String.join(", ", Collections.nCopies(parameters, "NULL"));
    List<String> lines = new ArrayList<>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET plan_cache_mode = force_generic_plan");
      statement.execute("PREPARE planned AS " + sql);
      try (ResultSet rows =
          statement.executeQuery("EXPLAIN (VERBOSE) EXECUTE planned(" + nulls + ")")) {
        while (rows.next()) {
          lines.add(rows.getString(1).replace("public.", ""));
        }
      }
      statement.execute("DEALLOCATE planned");
      statement.execute("RESET plan_cache_mode");
    }
    return String.join("\n", lines);
  }
}
