package io.zerodowntime.orders;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Proves that reads which share a statement get the answers that they would get alone. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderLookupBatcherTest {
  @Inject OrdersDatabase database;
  @Inject OrderLookupBatcher lookups;
  @Inject OrderReadStore readStore;

  @BeforeEach
  void load() throws Exception {
    database.reset(0);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status)"
            + " SELECT n, n, 'OLD' || n, 'new' || n FROM generate_series(1, 200) AS n");
  }

  @ParameterizedTest
  @EnumSource(Phase.class)
  void everyReadGetsItsOwnOrder(Phase phase) {
    database.phase(phase.number());
    // some are missing, and each is asked for twice
    List<Long> ids = LongStream.range(0, 600).map(n -> n % 300).boxed().toList();

    assertThat(together(ids, phase)).isEqualTo(ids.stream().map(id -> alone(id, phase)).toList());
  }

  @ParameterizedTest
  @EnumSource(Phase.class)
  void everyReadIsToldThePhaseThatIsInForce(Phase phase) {
    database.phase(2);

    assertThat(together(LongStream.rangeClosed(1, 100).boxed().toList(), phase))
        .extracting(FencedResult::phase)
        .containsOnly(Phase.of(2));
  }

  private List<FencedResult<Optional<String>>> together(List<Long> ids, Phase phase) {
    List<Uni<FencedResult<Optional<String>>>> all =
        ids.stream().map(id -> lookups.find(phase, id)).toList();
    return Uni.join().all(all).andFailFast().await().atMost(LIMIT);
  }

  private FencedResult<Optional<String>> alone(long id, Phase phase) {
    return readStore.find(phase, id).await().atMost(LIMIT);
  }
}
