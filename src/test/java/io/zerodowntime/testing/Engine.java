package io.zerodowntime.testing;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.backfill.Backfill;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.backfill.ParityScan;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.parity.ShadowReadRecorder;
import io.zerodowntime.migration.phase.Heartbeat;
import io.zerodowntime.migration.schema.SchemaChanges;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The steps of the engine, each as one call that waits for its end. */
@Dependent
public class Engine {
  private static final String PRIMARY = "orders-status";
  public static final Actor TEST = Actor.engine("test");
  public static final Run.Limits FAST = new Run.Limits(1000, Duration.ZERO, 1);
  private static final String[] DUAL_WRITE = {"true", "true", "true", "false"};

  @Inject Instance<Engine> engines;
  @Inject Migrations migrations;
  @Inject Heartbeat heartbeat;
  @Inject Backfill backfill;
  @Inject BackfillStore runs;
  @Inject BackfillJob job;
  @Inject ParityScan parity;
  @Inject ShadowReadRecorder shadow;
  @Inject SchemaChanges schema;
  @Inject StatusReports reports;

  @ConfigProperty(name = "migration.flags-dir")
  Optional<Path> directory;

  private String name = PRIMARY;

  /** The same steps for another migration. */
  public Engine on(String migration) {
    Engine other = engines.get();
    other.name = migration;
    return other;
  }

  public static <T> T await(Uni<T> work) {
    return work.await().atMost(LIMIT);
  }

  public Migration migration() {
    return migrations.named(name);
  }

  /** Writes the flags of a phase. */
  public void flags(int phase) {
    String prefix = name.equals(PRIMARY) ? "" : name + ".";
    flag(prefix + "DUAL_WRITE", DUAL_WRITE[phase]);
    flag(prefix + "WRITE_TO_NEW", String.valueOf(phase >= 1));
    flag(prefix + "READ_FROM_NEW", String.valueOf(phase >= 2));
  }

  public void flag(String name, String value) {
    try {
      Files.writeString(directory.orElseThrow().resolve(name), value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One beat of this instance. */
  public void beat() {
    await(heartbeat.beat(migration()));
  }

  /** Asks for a phase, beats, and gives the phase in force then. */
  public int ask(int phase) {
    flags(phase);
    beat();
    return phase();
  }

  public int phase() {
    return status().phase().effective().phase();
  }

  public MigrationStatus status() {
    return await(reports.of(migration()));
  }

  /** The gates of the next step. */
  public Map<String, Verdict> gates() {
    return status().phase().gates().stream().collect(Collectors.toMap(Verdict::gate, v -> v));
  }

  public Run startBackfill() {
    return await(backfill.start(migration(), FAST, TEST));
  }

  /** Works on a run with so many workers until there is nothing left to do. */
  public Run work(Run run, int workers) {
    await(job.work(migration(), run, workers).collect().last());
    return find(run.id());
  }

  public Run find(long id) {
    return await(runs.runs(migration(), 100)).stream()
        .filter(run -> run.id() == id)
        .findFirst()
        .orElseThrow();
  }

  public Run lastRun() {
    return await(runs.runs(migration(), 1)).get(0);
  }

  /** A whole backfill in the direction that the phase allows. */
  public Run backfill() {
    Run run = work(startBackfill(), 2);
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    return run;
  }

  /** A whole comparison. */
  public Run compare() {
    Run run = work(await(parity.start(migration(), TEST)), 2);
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    return run;
  }

  public void apply(SchemaStage stage) {
    await(schema.apply(migration(), stage));
  }

  /** Starts the comparison that is due, if there is one. */
  public void follow() {
    await(parity.follow(migration()));
  }

  /** Hands what live reads found to the fleet's counts. */
  public void flush() {
    await(shadow.flush());
  }

  /** From phase 0 to this one, with all that it takes; the table holds only what it held. */
  public void walkTo(int phase) {
    for (int next = 1; next <= phase; next++) {
      if (next == 2) {
        backfill();
        compare();
        apply(SchemaStage.INDEX);
      }
      if (next == 3) {
        apply(SchemaStage.ENFORCE);
        compare();
      }
      assertThat(ask(next)).isEqualTo(next);
      beat();
      assertThat(status().phase().drained()).as("phase %d drained", next).isTrue();
    }
  }
}
