package io.zerodowntime.migration.status;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every meter says what it measures, in which unit, and no client can make more of them. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MeterRegistryTest {
  private static final String OWN =
      "(migration|backfill|parity|shadow|flags|orders|database)[._].*";
  private static final int LONGEST_VALUE = 80;

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject StatusMetrics gauges;
  @Inject MeterRegistry registry;

  @BeforeEach
  void walk() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(500);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    requests("first");
    Engine.await(gauges.refresh());
  }

  /** Different in all that a client chooses, and alike in what becomes of it. */
  private static void requests(String word) {
    Api.order(word, "paid");
    Api.order(word, "paid");
    for (int n = 0; n < 20; n++) {
      String id = word + n;
      given().header("X-Request-Id", id).header("X-Client-Id", id).get("/orders/" + id.hashCode());
      given().get("/orders?userId=" + (id.hashCode() & Integer.MAX_VALUE));
      given().get("/migrations/" + id);
      given().get("/" + id + "/x");
      given().get("/q/" + id);
      given().request("X" + n + word.toUpperCase(Locale.ROOT), "/orders");
    }
  }

  @Test
  void eachHasHelpAndUnit() {
    SoftAssertions softly = new SoftAssertions();
    List<Meter> own = meters();
    assertThat(own).hasSizeGreaterThan(40);
    for (Meter meter : own) {
      softly.assertThat(meter.getId().getDescription()).as("help of " + meter.getId()).isNotBlank();
    }
    List<String> lines = given().get("/q/metrics").asString().lines().toList();
    for (String line : lines) {
      String[] words = line.split(" ", 4);
      if (line.startsWith("# HELP ") && words[2].matches(OWN)) {
        softly.assertThat(words).as(line).hasSize(4);
        softly.assertThat(hasUnit(words[2], words.length < 4 ? "" : words[3])).as(line).isTrue();
      }
    }
    softly.assertAll();
  }

  /** In its name, or, of a count or a state, at the beginning of its help. */
  private static boolean hasUnit(String name, String help) {
    return name.matches(".*_(seconds|rows|mismatches|per_second|ratio|max)(_total)?")
        || help.matches(
            "(Orders|Writes|Statements|Requests|Reads|Rows|Batches|Sets|Connections|1 if|Whether|"
                + "The phase,|The signal,)"
                + " .*");
  }

  @Test
  void noClientMakesMoreSeries() {
    Set<String> before = series();
    requests("second");
    Engine.await(gauges.refresh());
    assertThat(series()).isEqualTo(before);
  }

  @Test
  void labelsAreShortAndFew() {
    for (Meter meter : registry.getMeters()) {
      assertThat(meter.getId().getTags().size()).as("" + meter.getId()).isLessThanOrEqualTo(6);
      for (Tag tag : meter.getId().getTags()) {
        assertThat(tag.getValue().length()).as("" + meter.getId()).isLessThan(LONGEST_VALUE);
      }
    }
    assertThat(registry.getMeters()).hasSizeLessThan(1000);
  }

  private List<Meter> meters() {
    return registry.getMeters().stream()
        .filter(meter -> meter.getId().getName().matches(OWN))
        .toList();
  }

  private Set<String> series() {
    return registry.getMeters().stream()
        .map(meter -> meter.getId().getName() + meter.getId().getTags())
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
