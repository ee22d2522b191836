package io.zerodowntime.migration.backfill;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.subscription.Cancellable;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A backfill whose service gets slow has smaller batches, and its own again when that is over. */
@QuarkusTest
@TestProfile(ManualProfile.class)
class SlowRequestsTest {
  /** Some hundred rows a second, however fast the machine is. */
  private static final Run.Limits SMALL = new Run.Limits(20, Duration.ofMillis(40), 0.05);

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject RunControl control;
  @Inject Throttle throttle;
  @Inject ManualProfile.Requests requests;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(50_000);
    engine.ask(1);
    engine.beat();
  }

  @AfterEach
  void empty() throws Exception {
    requests.none();
    database.reset();
  }

  @Test
  void theRateFallsAndRecovers() {
    requests.take(10);
    throttle.learn();
    Run run = Engine.await(backfill.start(engine.migration(), SMALL, Engine.TEST));
    AtomicLong rows = new AtomicLong();
    Cancellable work =
        job.work(engine.migration(), run, 1)
            .filter(batch -> batch.status() == BatchResult.BatchStatus.WORKED)
            .subscribe()
            .with(batch -> rows.set(batch.scanned()));
    await().until(() -> rows.get() == 20);

    requests.take(100);
    await().until(() -> rows.get() <= 7);
    await()
        .until(
            () ->
                engine
                    .status()
                    .backfill()
                    .orElseThrow()
                    .pace()
                    .throttledBy()
                    .map(ThrottleReason::label)
                    .orElse("")
                    .equals("latency"));
    await().until(() -> engine.status().pace().share() < 0.2);
    assertThat(given().get("/q/metrics").asString().lines())
        .anyMatch(
            line ->
                line.startsWith("backfill_throttled_seconds_total")
                    && line.contains("reason=\"latency\""));

    requests.take(10);
    await().until(() -> rows.get() == 20);
    await().until(() -> engine.status().pace().share() == 1);

    Engine.await(control.cancel(engine.migration(), Engine.TEST));
    work.cancel();
  }
}
