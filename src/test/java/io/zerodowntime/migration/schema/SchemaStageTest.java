package io.zerodowntime.migration.schema;

import static io.zerodowntime.migration.schema.SchemaStage.ENFORCE;
import static io.zerodowntime.migration.schema.SchemaStage.EXPAND;
import static io.zerodowntime.migration.schema.SchemaStage.INDEX;
import static io.zerodowntime.migration.schema.SchemaStage.RELAX;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Proves which schema changes are due in which phase. */
class SchemaStageTest {
  private static final OffsetDateTime NOW = OffsetDateTime.parse("2026-01-01T00:00:00Z");

  record Case(int phase, boolean drained, int requested, boolean backfilled) {
    List<SchemaStage> due() {
      Optional<OffsetDateTime> drainedAt = drained ? Optional.of(NOW) : Optional.empty();
      return SchemaStage.due(
          new MigrationState(
              "m", Phase.of(phase), 7, false, NOW, Optional.empty(), drainedAt, Optional.empty()),
          Phase.of(requested),
          backfilled);
    }

    List<SchemaStage> expected() {
      List<SchemaStage> turns = new ArrayList<>(List.of(EXPAND));
      if (phase >= 2 || (phase == 1 && backfilled)) {
        turns.add(INDEX);
      }
      if (phase >= 2 && drained && requested >= 2) {
        turns.add(ENFORCE);
      }
      if (phase == 0 || (phase == 1 && requested == 0)) {
        turns.add(RELAX);
      }
      return turns;
    }
  }

  static Stream<Case> everyCombination() {
    return IntStream.range(0, 64)
        .mapToObj(n -> new Case(n & 3, (n & 4) != 0, (n >> 3) & 3, (n & 32) != 0));
  }

  @ParameterizedTest
  @MethodSource("everyCombination")
  void everyCombinationOfPhaseDrainRequestAndBackfill(Case one) {
    assertThat(one.due()).isEqualTo(one.expected());
  }

  @Test
  void theWayForwardAndBack() {
    assertThat(new Case(0, true, 1, false).due()).containsExactly(EXPAND, RELAX);
    assertThat(new Case(1, true, 2, false).due()).containsExactly(EXPAND);
    assertThat(new Case(1, true, 2, true).due()).containsExactly(EXPAND, INDEX);
    assertThat(new Case(2, false, 3, true).due()).containsExactly(EXPAND, INDEX);
    assertThat(new Case(2, true, 3, false).due()).containsExactly(EXPAND, INDEX, ENFORCE);
    assertThat(new Case(3, true, 3, false).due()).containsExactly(EXPAND, INDEX, ENFORCE);
    assertThat(new Case(2, true, 0, false).due()).containsExactly(EXPAND, INDEX);
    assertThat(new Case(1, true, 0, false).due()).containsExactly(EXPAND, RELAX);
  }

  @Test
  void contractIsAskedForByItsOwnCommand() {
    assertThat(everyCombination().flatMap(one -> one.due().stream()))
        .isNotEmpty()
        .doesNotContain(SchemaStage.CONTRACT);
    assertThat(SchemaStage.CONTRACT.command()).isEqualTo("contract");
    assertThat(ENFORCE.command()).isEqualTo("expand");
    assertThat(ENFORCE.labels(SchemaTestDatabase.MIGRATION)).isEqualTo("orders-status and enforce");
  }
}
