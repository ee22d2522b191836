package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduler;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The last beat of an instance that stops. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class HeartbeatStopTest {
  @Inject EngineDatabase database;
  @Inject MigrationConfig config;
  @Inject Migrations migrations;
  @Inject Instances instances;
  @Inject PhaseReconciler reconciler;
  @Inject DatabaseReachability reachability;
  @Inject Scheduler timers;
  private final List<String> order = new CopyOnWriteArrayList<>();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  @Test
  void endsBeforeTheStopDoesAndLeavesNoHeartbeat() throws Exception {
    CompletableFuture<Optional<Phase>> flags = new CompletableFuture<>();
    Heartbeat heartbeat = heartbeat(Uni.createFrom().completionStage(flags));

    waitsFor(heartbeat, heartbeat.beat(), () -> flags.complete(Optional.empty()));
  }

  @Test
  void waitsForOtherTimersToo() throws Exception {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    Uni<Void> look = migrations.each(each -> Uni.createFrom().completionStage(answer));

    waitsFor(heartbeat(Uni.createFrom().item(Optional.empty())), look, () -> answer.complete(null));
  }

  private void waitsFor(Heartbeat heartbeat, Uni<Void> work, Runnable goOn) throws Exception {
    instances.publish(Map.of(migrations.all().get(0), Optional.empty())).await().indefinitely();
    CompletableFuture<Void> underWay = work.subscribeAsCompletionStage();
    Thread stop = new Thread(() -> stop(heartbeat));
    stop.start();
    // well before the stop gives up on it
    await().pollInterval(Duration.ofMillis(10)).until(() -> heartbeats() == 0);
    order.add("the work goes on");
    goOn.run();
    stop.join();
    underWay.join();

    assertThat(order).containsExactly("the work goes on", "stopped");
    assertThat(heartbeats()).isZero();
  }

  @Test
  void isTheLast() {
    Heartbeat heartbeat = heartbeat(Uni.createFrom().item(Optional.empty()));
    stop(heartbeat);

    heartbeat.beat().await().indefinitely();

    assertThat(heartbeats()).isZero();
  }

  private Heartbeat heartbeat(Uni<Optional<Phase>> flags) {
    RequestedPhases requested =
        new RequestedPhases(config, Map.of(), List.of()) {
          @Override
          public Uni<Map<Migration, Optional<Phase>>> refresh(List<Migration> all) {
            return flags.map(phase -> Map.of(all.get(0), phase));
          }
        };
    return new Heartbeat(migrations, requested, instances, reconciler, reachability, timers);
  }

  private void stop(Heartbeat heartbeat) {
    try {
      heartbeat.stop(new ShutdownEvent());
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
    order.add("stopped");
  }

  private long heartbeats() {
    return database.number("SELECT count(*) FROM migration_instance");
  }
}
