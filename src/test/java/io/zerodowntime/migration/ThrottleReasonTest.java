package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.migration.ThrottleReason.Indicated;
import io.zerodowntime.testing.ReferencePage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The reasons are those that docs/reference.md promises, and the alert counts the right ones. */
class ThrottleReasonTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void areListed() {
    List<String> listed =
        ReferencePage.read(Path.of("docs/reference.md"))
            .rows("metric")
            .filter(row -> row.get(0).equals("`backfill_throttled_seconds_total`"))
            .flatMap(row -> ReferencePage.inside(row.get(3)).stream())
            .toList();
    assertThat(labels(General.values())).isSubsetOf(listed);
    assertThat(listed).hasSize(General.values().length + 1).contains("_unreadable");
  }

  @Test
  void sayWhetherAnIndicatorCouldBeRead() {
    assertThat(labels(lag(true), lag(false)))
        .containsExactly("replica_lag", "replica_lag_unreadable");
  }

  @Test
  void areTextInJson() throws Exception {
    assertThat(JSON.writeValueAsString(List.of(General.OTHER_RUNS, lag(false))))
        .isEqualTo("[\"other_runs\",\"replica_lag_unreadable\"]");
  }

  @Test
  void theAlertIsForWhatIndicatorsSay() throws Exception {
    String others =
        Stream.of(General.values())
            .filter(reason -> reason != General.UNREADABLE)
            .map(General::label)
            .collect(Collectors.joining("|", "{reason!~\"", "\"}"));
    assertThat(Files.readString(Path.of("src/main/monitoring/rules.yaml"))).contains(others);
  }

  private static Indicated lag(boolean known) {
    return new Indicated(IndicatorName.REPLICA_LAG, known);
  }

  private static List<String> labels(ThrottleReason... reasons) {
    return Stream.of(reasons).map(ThrottleReason::label).toList();
  }
}
