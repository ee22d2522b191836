package io.zerodowntime.migration.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.Verdict;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Since when a gate is as it is. */
class GateTimesTest {
  private static final Verdict OPEN = Verdict.open("drained", "yes");
  private static final Verdict CLOSED = Verdict.closed("drained", "2 are left", "wait");
  private static final Verdict STILL_CLOSED = Verdict.closed("drained", "1 is left", "wait");

  private final GateTimes times = new GateTimes();

  private OffsetDateTime see(String migration, String step, Verdict verdict) {
    Map<String, OffsetDateTime> since = times.since(migration, step, List.of(verdict));
    assertThat(since).containsOnlyKeys("drained");
    return since.get("drained");
  }

  @Test
  void aTimeLastsUntilTheVerdictChanges() {
    OffsetDateTime closed = see("a", "0 -> 1", CLOSED);
    assertThat(see("a", "0 -> 1", STILL_CLOSED)).isEqualTo(closed);
    OffsetDateTime open = see("a", "0 -> 1", OPEN);
    assertThat(open).isAfterOrEqualTo(closed);
    assertThat(see("a", "0 -> 1", OPEN)).isEqualTo(open);
  }

  @Test
  void anotherStepBeginsAnewAndMigrationsAreApart() throws Exception {
    OffsetDateTime first = see("a", "0 -> 1", CLOSED);
    awaitNextMilli(first);
    assertThat(see("b", "0 -> 1", CLOSED)).isAfter(first);
    assertThat(see("a", "0 -> 1", CLOSED)).isEqualTo(first);
    assertThat(see("a", "1 -> 2", CLOSED)).isAfter(first);
  }

  private static void awaitNextMilli(OffsetDateTime from) {
    while (!OffsetDateTime.now(from.getOffset()).isAfter(from.plusNanos(1_000_000))) {
      Thread.onSpinWait();
    }
  }
}
