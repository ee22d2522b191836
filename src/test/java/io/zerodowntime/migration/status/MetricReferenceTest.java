package io.zerodowntime.migration.status;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.MetricsScrape;
import io.zerodowntime.testing.ReferencePage;
import io.zerodowntime.testing.ReferenceSources;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Proves that docs/reference.md lists the metrics that there are, with their types and labels. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MetricReferenceTest {
  private static final ReferencePage PAGE = ReferencePage.read(Path.of("docs/reference.md"));
  private static final String OWN =
      "(migration|backfill|parity|shadow|flags|orders|database|login)_[a-z_]+";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject StatusMetrics gauges;
  @Inject EngineMetrics counters;

  @Test
  void listsEveryMetric() throws Exception {
    walk();
    Map<String, String> documented = rows("metric");
    assertThat(documented).containsExactlyInAnyOrderEntriesOf(scrape().families(OWN));
    // ReplicaIT compares the others with what there is where there are replicas
    Set<String> all = new TreeSet<>(documented.keySet());
    all.addAll(rows("replica metric").keySet());
    all.addAll(rows("token metric").keySet());
    // TracesTest does so where traces are sent
    all.addAll(rows("tracing metric").keySet());
    // and SharedRateLimitTest those of Redis and of rate limits
    all.addAll(rows("redis metric").keySet());
    assertThat(ReferenceSources.meters())
        .as("the meters that the sources name, each of which the walk has registered")
        .hasSizeGreaterThan(15)
        .allSatisfy(meter -> assertThat(all).anyMatch(name -> name.startsWith(meter)));
  }

  @Test
  void listsTheLibraryMetricsThatAlertsAndDashboardUse() throws Exception {
    walk();
    Map<String, String> used = scrape().families(ReferenceSources.monitored());
    used.keySet().removeIf(name -> name.matches(OWN));
    assertThat(rows("library metric")).isNotEmpty().containsExactlyInAnyOrderEntriesOf(used);
  }

  private static MetricsScrape scrape() {
    return MetricsScrape.of(given().get("/q/metrics").asString());
  }

  private static Map<String, String> rows(String table) {
    Map<String, String> rows = new TreeMap<>();
    PAGE.rows(table).forEach(row -> rows.put(ReferencePage.code(row.get(0)), typeAndLabels(row)));
    return rows;
  }

  private static String typeAndLabels(List<String> row) {
    return row.get(1) + " " + new TreeSet<>(ReferencePage.inside(row.get(2)));
  }

  /** To phase 1, with a backfill, a repeated write and a worker that waits. */
  private void walk() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    Api.order("a-key", "paid");
    Api.order("a-key", "paid");
    counters.onThrottled(
        engine.migration(), ThrottleReason.General.TARGET_LOAD, Duration.ofMillis(1));
    Engine.await(gauges.refresh());
  }
}
