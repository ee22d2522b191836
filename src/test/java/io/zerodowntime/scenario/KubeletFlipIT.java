package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.KubeletVolume;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.Timeouts;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two pods, each with a ConfigMap volume of its own, whose kubelets sync at different moments,
 * while clients write and read. How long a flip takes from the last sync on is printed, not judged.
 */
class KubeletFlipIT {
  private static final int ROWS = 2000;
  private static final int FLIPS = 6;
  private static final Map<String, String> PHASE_0 =
      Map.of("DUAL_WRITE", "false", "WRITE_TO_NEW", "false", "READ_FROM_NEW", "false");
  private static final Map<String, String> PHASE_1 =
      Map.of("DUAL_WRITE", "true", "WRITE_TO_NEW", "true", "READ_FROM_NEW", "false");
  private static final Map<String, String> HALF = Map.of("DUAL_WRITE", "true");
  private static final String REQUESTS =
      "SELECT string_agg(requested_phase::text, ' ' ORDER BY requested_phase)"
          + " FROM migration_instance";

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(KubeletFlipIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
  private final List<String> times = new ArrayList<>();
  private KubeletVolume early;
  private KubeletVolume late;
  private Fleet first;
  private Fleet second;

  @BeforeEach
  void start() throws Exception {
    early = new KubeletVolume(Files.createDirectories(directory.resolve("pod-1/volume")));
    late = new KubeletVolume(Files.createDirectories(directory.resolve("pod-2/volume")));
    early.write(PHASE_0);
    late.write(PHASE_0);
    first = pod(early);
    second = pod(late);
    table.ask(LegacyOrders.load(ROWS));
    first.serve();
    second.serve();
    await().until(() -> "0 0".equals(table.ask(REQUESTS)));
  }

  private Fleet pod(KubeletVolume volume) throws Exception {
    Map<String, String> settings =
        Map.of(
            "FLAGS_DIR",
            volume.directory().toString(),
            // on a busy machine too, a pod that is late must not count as dead
            "MIGRATION_INSTANCE_TIMEOUT",
            "60s");
    return new Fleet(volume.directory().getParent(), database, settings);
  }

  @AfterEach
  void end() {
    Stream.of(first, second).forEach(Fleet::close);
  }

  @Test
  void theFleetFollowsTheLastKubeletAndLosesNothing() throws Exception {
    List<URI> pods = Stream.of(first, second).flatMap(pod -> pod.addresses().stream()).toList();
    try (Traffic traffic = new Traffic(pods, ledger).start("phase 0")) {
      for (int flip = 1; flip <= FLIPS; flip++) {
        traffic.stage("flip " + flip);
        flip(flip % 2 == 1 ? PHASE_1 : PHASE_0, flip % 2);
        goOn();
      }
      traffic.stage("a key removed, and back");
      removeAKey();
      traffic.close();
      traffic.summary().forEach(System.out::println);
      assertThat(traffic.failures().first()).as(first.output() + second.output()).isEmpty();
      assertThat(traffic.failures().broken()).isEmpty();
    }
    System.out.println("from the last kubelet's write to the phase in force: " + times);
    assertThat(ledger.complaintsAboutUnknown()).isEmpty();
    assertThat(table.compare(ledger, "lower(old_status)")).isEmpty();
    assertThat(table.count("SELECT count(*) FROM migration_history WHERE kind = 'step'"))
        .isEqualTo(FLIPS);
  }

  private void flip(Map<String, String> flags, int phase) throws Exception {
    early.write(flags);
    await().until(() -> "0 1".equals(table.ask(REQUESTS)));
    assertThat(table.phase()).as("one kubelet is late").startsWith(String.valueOf(1 - phase));
    long began = System.nanoTime();
    late.write(flags);
    Timeouts.await()
        .pollInterval(Duration.ofMillis(10))
        .until(() -> table.phase().startsWith(String.valueOf(phase)));
    times.add(String.format(Locale.ROOT, "%d ms", (System.nanoTime() - began) / 1_000_000));
  }

  /** The volume holds less than all flags: the last valid request stays in force. */
  private void removeAKey() throws Exception {
    early.write(HALF);
    Operator operator = first.operator(0);
    await().until(() -> operator.status().get("flagsRejected").asText().contains("is missing"));
    goOn();
    assertThat(table.ask(REQUESTS)).isEqualTo("0 0");
    early.write(PHASE_0);
    await().until(() -> operator.status().get("flagsRejected").isNull());
  }

  private void goOn() {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }
}
