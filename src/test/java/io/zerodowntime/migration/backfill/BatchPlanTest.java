package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A batch reads its own rows of a big table and no others, however often its plan is used. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class BatchPlanTest {
  private static final int ROWS = 200_000;
  private static final String DIFFERING =
      """
      INSERT INTO orders (user_id, amount, old_status, status)
      SELECT n, n, 'Paid', 'sent' FROM generate_series(1, %d) AS n
      """
          .formatted(ROWS);

  private static final int BATCH = 500;
  private static final Pattern SCAN = Pattern.compile("(\\w[\\w ]* Scan)[^\\n]* on orders .*");
  private static final Pattern ACTUAL = Pattern.compile("actual rows=([\\d.]+) loops=(\\d+)");
  private static final Pattern FILTERED = Pattern.compile("Rows Removed by Filter: (\\d+)");

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Backfill backfill;
  @Inject Pool pool;
  @Inject SnapshotStore snapshots;

  @BeforeEach
  void fill() throws Exception {
    database.reset();
    database.run(DIFFERING);
    database.run("VACUUM ANALYZE orders");
  }

  @AfterEach
  void empty() throws Exception {
    database.reset();
    database.run("VACUUM ANALYZE orders");
  }

  @ParameterizedTest
  @EnumSource(RunKind.class)
  void readsOnlyTheRowsOfItsBatchByTheIndex(RunKind kind) throws Exception {
    database.phase(kind == RunKind.REVERSE ? 2 : 1);
    Run run =
        kind == RunKind.PARITY
            ? Engine.await(
                backfill
                    .startParity(engine.migration(), Engine.FAST, Engine.TEST)
                    .call(started -> snapshots.fallBack(engine.migration(), started)))
            : engine.startBackfill();
    assertThat(run.kind()).isEqualTo(kind);
    assertThat(database.number("SELECT count(*) FROM backfill_progress")).isGreaterThan(10);
    database.run("UPDATE backfill_progress SET after_key = (low_key::bigint + 1000)::text");

    List<String> plan = genericPlan(BatchStatement.of(key(), kind), run.id());

    String text = String.join("\n", plan);
    assertThat(text).as("generic").contains("run_id = $1").contains("Limit");
    assertThat(text).doesNotContain("Seq Scan on orders");
    List<String> scans = plan.stream().filter(line -> SCAN.matcher(line).find()).toList();
    assertThat(scans).as(text).hasSize(2);
    assertThat(scans).as(text).allMatch(line -> line.contains("Index"));
    assertThat(scans).as(text).allSatisfy(line -> assertThat(rows(line)).isEqualTo(BATCH));
    assertThat(filtered(plan)).as(text).isLessThanOrEqualTo(10);
  }

  /** Three times the page: keys, locks, what is left of the keys, and the rows by their keys. */
  @ParameterizedTest
  @EnumSource(names = {"FORWARD", "REVERSE"})
  void readsOnlyTheRowsOfItsBatchWhenItPassesOverLockedOnes(RunKind kind) throws Exception {
    database.phase(kind == RunKind.REVERSE ? 2 : 1);
    Run run = engine.startBackfill();
    database.run("UPDATE backfill_progress SET after_key = (low_key::bigint + 1000)::text");

    List<String> plan = genericPlan(BatchStatement.skippingLocked(key(), kind), run.id());

    String text = String.join("\n", plan);
    assertThat(text).doesNotContain("Seq Scan on orders");
    List<String> scans = plan.stream().filter(line -> SCAN.matcher(line).find()).toList();
    assertThat(scans).as(text).hasSize(4).allMatch(line -> line.contains("Index"));
    assertThat(scans).as(text).allSatisfy(line -> assertThat(rows(line)).isEqualTo(BATCH));
  }

  private KeySql key() {
    return Engine.await(KeySql.of(pool, engine.migration(), engine.migration().key()));
  }

  private static long rows(String line) {
    Matcher actual = ACTUAL.matcher(line);
    assertThat(actual.find()).as(line).isTrue();
    return Math.round(Double.parseDouble(actual.group(1)) * Long.parseLong(actual.group(2)));
  }

  /** Rows that a scan of orders read for nothing. */
  private static long filtered(List<String> plan) {
    long sum = 0;
    boolean ofOrders = false;
    for (String line : plan) {
      if (line.contains("->")) {
        ofOrders = SCAN.matcher(line).find();
      }
      Matcher removed = FILTERED.matcher(line);
      if (ofOrders && removed.find()) {
        sum += Long.parseLong(removed.group(1));
      }
    }
    return sum;
  }

  private List<String> genericPlan(String sql, long run) throws SQLException {
    return BatchPlans.lines(database, "generic", sql, run, BATCH);
  }
}
