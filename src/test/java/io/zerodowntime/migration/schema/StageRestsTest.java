package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.OneToOne;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Proves which stages are tried again at once. */
class StageRestsTest {
  private static final Migration MIGRATION =
      OneToOne.migration("m", "t", List.of("id"), "a", "b", "lower(a)", "upper(b)");

  private final AtomicLong nanos = new AtomicLong();
  private final StageRests rests = new StageRests(nanos::get);

  private static SchemaReport report(String... changesets) {
    return new SchemaReport(List.of(changesets), 1, Duration.ZERO);
  }

  @Test
  void aStageThatChangedNothingRestsForAWhile() {
    assertThat(rests.include(MIGRATION, SchemaStage.ENFORCE)).isFalse();
    rests.record(MIGRATION, SchemaStage.ENFORCE, report());
    assertThat(rests.include(MIGRATION, SchemaStage.ENFORCE)).isTrue();
    assertThat(rests.include(MIGRATION, SchemaStage.RELAX)).isFalse();
    nanos.addAndGet(StageRests.REST.toNanos());
    assertThat(rests.include(MIGRATION, SchemaStage.ENFORCE)).isFalse();
  }

  @Test
  void aStageThatChangedSomethingDoesNot() {
    rests.record(MIGRATION, SchemaStage.ENFORCE, report());
    rests.record(MIGRATION, SchemaStage.ENFORCE, report("030-check"));
    assertThat(rests.include(MIGRATION, SchemaStage.ENFORCE)).isFalse();
  }
}
