package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.Timeouts;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers in every language that this machine has write one table at once, by the helpers, through
 * all phases forward, back and forward again, and past the drop, while the controller is killed in
 * the middle of steps and runs. No write is lost.
 */
@Tag("examples")
class LanguagesIT {
  private static final int WRITES_A_STEP = 25;

  @TempDir Path directory;

  private final Failures failures = new Failures();
  private final List<WriterTraffic> traffic = new ArrayList<>();
  private ShopOrders orders;

  @Test
  void theyWriteOneTable() throws Exception {
    try (ShopOrders table = new ShopOrders(LanguagesIT.class, directory)) {
      orders = table;
      RowLedger ledger = new RowLedger(rows("lower(old_status)"));
      start(ledger);
      try (PacedThreads threads = new PacedThreads(failures)) {
        traffic.forEach(each -> threads.run(each.summary(), each));
        forward();
        back();
        forwardAgain();
      }
      assertThat(failures.first()).as(orders.output()).isEmpty();
      assertThat(ledger.compare(rows("status"))).isEmpty();
      assertThat(orders.steps()).isEqualTo("01 12 23 32 21 10 01 12 23 33");
      System.out.printf(
          "%d rows, all as acknowledged; writes: %s%n",
          ledger.size(),
          traffic.stream().map(WriterTraffic::summary).collect(Collectors.joining(", ")));
    }
  }

  /** Each language has rows of its own. */
  private void start(RowLedger ledger) throws Exception {
    List<String> keys = ledger.keys().stream().map(key -> key.get(0)).sorted().toList();
    int share = keys.size() / Language.values().length;
    for (Language language : Language.values()) {
      if (language.missing().isPresent()) {
        System.out.println(language.missing().get());
        continue;
      }
      int number = traffic.size();
      List<String> own = keys.subList(number * share, (number + 1) * share);
      WriterProcess writer = orders.writer(language.label(), language.install());
      traffic.add(new WriterTraffic(writer, ledger, own, new Random(number)));
    }
  }

  private void forward() throws Exception {
    goOn();
    orders.walk().toDualWrite();
    goOn();
    assertThat(orders.operator().post("backfill").statusCode()).isEqualTo(202);
    orders.killController();
    orders.walk().awaitCleanParity();
    step(2);
    orders.flags().edit(3);
    orders.killController();
    step(3);
  }

  private void back() throws Exception {
    step(2);
    assertThat(orders.operator().post("backfill").statusCode()).isEqualTo(202);
    orders.killController();
    Timeouts.awaitRun().until(() -> !orders.operator().status().get("oldStale").asBoolean());
    step(1);
    step(0);
  }

  private void forwardAgain() throws Exception {
    step(1);
    orders.walk().toReadNew();
    goOn();
    step(3);
    orders.walk().drop();
    goOn();
  }

  private void step(int to) throws Exception {
    orders.flags().edit(to);
    orders.walk().awaitPhase(String.valueOf(to));
    goOn();
  }

  /** Until every writer has written again. */
  private void goOn() {
    List<Long> before = traffic.stream().map(WriterTraffic::writes).toList();
    Timeouts.await()
        .failFast(() -> assertThat(failures.first()).as(orders.output()).isEmpty())
        .until(
            () -> {
              for (int i = 0; i < before.size(); i++) {
                if (traffic.get(i).writes() < before.get(i) + WRITES_A_STEP) {
                  return false;
                }
              }
              return true;
            });
  }

  private Map<List<String>, List<String>> rows(String column) throws SQLException {
    try (Connection connection = orders.database().dataSource().getConnection();
        ResultSet row =
            connection
                .createStatement()
                .executeQuery("SELECT id, %s FROM shop_orders".formatted(column))) {
      Map<List<String>, List<String>> found = new HashMap<>();
      while (row.next()) {
        found.put(List.of(row.getString(1)), List.of(row.getString(2)));
      }
      return found;
    }
  }
}
