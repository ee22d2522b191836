package io.zerodowntime.migration.status;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.kubernetes.Manifests.MONITORING;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.kubernetes.Manifests;
import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Alert rules and dashboard ask for nothing that the running service does not expose. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MonitoringTest {
  private static final Pattern TEXT = Pattern.compile("\"[^\"]*\"");
  private static final Pattern GROUPING = Pattern.compile("\\b(by|without|on) *\\([^)]*\\)");
  private static final Pattern NOT_A_METRIC =
      Pattern.compile(
          "\\{[^}]*}|\\[[^]]*]|\\b\\w+ *\\(|\\b(and|or|unless|bool|offset)\\b|\\b\\d\\w*");
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_:]*");
  private static final Pattern SELECTOR = Pattern.compile("([a-z_]+)\\{([^}]*)}");
  private static final Pattern MATCHER = Pattern.compile("(\\w+)(=~|=)\"([^\"]*)\"");
  private static final Pattern OF_AN_EDGE =
      Pattern.compile("login_tokens_total|database_replica_|redis_");
  // given by Prometheus, not by the service
  private static final Set<String> OF_THE_SCRAPE = Set.of("namespace", "pod");

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject EngineMetrics counters;
  @Inject StatusMetrics gauges;
  @Inject MeterRegistry registry;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
  }

  @Test
  void asksForWhatIsThere() {
    engine.ask(1);
    engine.beat();
    engine.backfill();
    Api.order("monitored", "paid");
    given().get("/orders?status=:").then().statusCode(400);
    counters.onThrottled(
        engine.migration(),
        new ThrottleReason.Indicated(IndicatorName.REPLICA_LAG, true),
        Duration.ofMillis(1));
    Engine.await(gauges.refresh());
    List<String> exposed = given().get("/q/metrics").asString().lines().toList();

    List<String> asked = Stream.concat(rules(), dashboard()).toList();
    assertThat(asked).hasSizeGreaterThan(30);
    // a native executable has none of these
    assertThat(asked).noneMatch(each -> each.contains("jvm_gc_") || each.contains("jvm_buffer_"));
    SoftAssertions softly = new SoftAssertions();
    Set<String> names = new TreeSet<>();
    for (String expression : asked) {
      // TokenLoginTest and MonitoringIT ask for those that are there only if it is configured
      if (OF_AN_EDGE.matcher(expression).find()) {
        continue;
      }
      names.addAll(names(expression));
      selectors(expression, exposed, softly);
    }
    assertThat(names).contains("migration_phase", "http_server_requests_seconds_bucket");
    for (String name : names) {
      softly
          .assertThat(exposed.stream().anyMatch(line -> line.matches(name + "[{ ].*")))
          .as(name)
          .isTrue();
    }
    softly.assertAll();
  }

  /** Some exposed series fits each selector, as far as its labels are the service's own. */
  private static void selectors(String expression, List<String> exposed, SoftAssertions softly) {
    Matcher selector = SELECTOR.matcher(expression);
    while (selector.find()) {
      List<Pattern> wanted =
          MATCHER
              .matcher(selector.group(2))
              .results()
              .filter(m -> !OF_THE_SCRAPE.contains(m.group(1)) && !m.group(3).contains("$"))
              // an error of the server cannot be asked for in a test: the label must be there
              .map(
                  m ->
                      m.group(3).equals("SERVER_ERROR")
                          ? m.group(1) + "=\""
                          : series(m.group(1), m.group(2), m.group(3)))
              .map(Pattern::compile)
              .toList();
      Pattern name = Pattern.compile(selector.group(1) + "[{ ]");
      softly
          .assertThat(
              exposed.stream()
                  .filter(line -> name.matcher(line).lookingAt())
                  .anyMatch(line -> wanted.stream().allMatch(l -> l.matcher(line).find())))
          .as(selector.group())
          .isTrue();
    }
  }

  private static String series(String label, String operator, String value) {
    return label + "=\"" + (operator.equals("=") ? Pattern.quote(value) : "(" + value + ")") + "\"";
  }

  private static Set<String> names(String expression) {
    String bare = TEXT.matcher(expression).replaceAll("");
    bare = GROUPING.matcher(bare).replaceAll("");
    bare = NOT_A_METRIC.matcher(bare).replaceAll(" ");
    Set<String> names = new TreeSet<>();
    NAME.matcher(bare).results().map(found -> found.group()).forEach(names::add);
    names.removeIf(name -> name.contains(":"));
    return names;
  }

  private static Stream<String> rules() {
    JsonNode rules = Manifests.documents(MONITORING.resolve("rules.yaml")).get(0);
    return rules.findValuesAsText("expr").stream();
  }

  private static Stream<String> dashboard() {
    try {
      String text = Manifests.text(MONITORING.resolve("dashboard.json"));
      return new ObjectMapper().readTree(text).findValuesAsText("expr").stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void seesTheSameRulesByWayOfTheOperator() {
    JsonNode rules = Manifests.documents(MONITORING.resolve("rules.yaml")).get(0);
    JsonNode operator = Manifests.documents(MONITORING.resolve("prometheus-rule.yaml")).get(0);
    assertThat(operator.get("spec")).isEqualTo(rules);
  }

  /** What {@code OrdersMetricsMissing} relies on. */
  @Test
  void hidesGaugesThatCouldNotBeRefreshed() {
    Engine.await(gauges.refresh());
    database.run("ALTER TABLE migration_state RENAME TO elsewhere");
    try {
      Engine.await(gauges.refresh());
      Engine.await(gauges.refresh());
      assertThat(gauge("migration_phase{")).isNotEmpty();
      Engine.await(gauges.refresh());
      assertThat(gauge("migration_phase{")).isEmpty();
      assertThat(gauge("backfill_lag_rows{")).isEmpty();
      assertThat(gauge("database_reachable ")).hasSize(1);
    } finally {
      database.run("ALTER TABLE elsewhere RENAME TO migration_state");
    }
    Engine.await(gauges.refresh());
    assertThat(gauge("migration_phase{")).isNotEmpty();
  }

  private static List<String> gauge(String prefix) {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith(prefix))
        .toList();
  }

  @Test
  void countsNoRowsToGoOnceABackfillWasCancelled() {
    engine.ask(1);
    engine.beat();
    engine.startBackfill();
    Engine.await(gauges.refresh());
    assertThat(lag()).isPositive();
    assertThat(Api.command("/backfill/cancel").statusCode()).isEqualTo(202);
    Engine.await(gauges.refresh());
    assertThat(lag()).isZero();
  }

  private static double lag() {
    return gauge("backfill_lag_rows{").stream()
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
