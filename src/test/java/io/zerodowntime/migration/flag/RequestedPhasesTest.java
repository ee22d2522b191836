package io.zerodowntime.migration.flag;

import static io.zerodowntime.testing.Waiting.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.Phase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestedPhasesTest {
  private static final Migration PRIMARY = migration("orders-status");
  private static final Migration OTHER = migration("doc-title");

  @TempDir Path parent;
  private Path directory;
  private RequestedPhases requests;
  private final List<String> rejected = new ArrayList<>();

  @BeforeEach
  void mount() throws Exception {
    directory = Files.createDirectory(parent.resolve("flags"));
    requests = requests(directory.toString());
  }

  @Test
  void asksForNothingBeforeTheFirstValidFlags() {
    assertThat(refresh(PRIMARY)).isEmpty();
    assertThat(requests.current(PRIMARY).refused())
        .hasValueSatisfying(why -> assertThat(why).contains("DUAL_WRITE", "missing"));
  }

  @Test
  void followsTheFiles() {
    write(true, true, false);
    assertThat(refresh(PRIMARY)).contains(Phase.DUAL_WRITE);
    write(false, true, true);
    assertThat(refresh(PRIMARY)).contains(Phase.CONTRACT);
    assertThat(requests.current(PRIMARY).refused()).isEmpty();
    assertThat(rejected).isEmpty();
  }

  @Test
  void keepsTheLastValidRequestWhenTheDirectoryVanishes() throws Exception {
    write(true, true, false);
    refresh(PRIMARY);
    PlainFlags.delete(directory);

    assertThat(refresh(PRIMARY)).contains(Phase.DUAL_WRITE);
    assertThat(requests.current(PRIMARY).refused())
        .hasValueSatisfying(why -> assertThat(why).contains("unreadable"));

    Files.createDirectory(directory);
    write(true, false, false);
    assertThat(refresh(PRIMARY)).contains(Phase.EXPAND);
    assertThat(requests.current(PRIMARY).refused()).isEmpty();
  }

  @Test
  void keepsTheLastValidRequestOnGarbageAndTellsOnce() {
    write(true, true, true);
    refresh(PRIMARY);
    PlainFlags.write(directory, "DUAL_WRITE", "perhaps");

    assertThat(refresh(PRIMARY)).contains(Phase.READ_NEW);
    assertThat(refresh(PRIMARY)).contains(Phase.READ_NEW);
    assertThat(rejected).hasSize(1).first().asString().contains("DUAL_WRITE", "perhaps");
  }

  @Test
  void keepsTheLastValidRequestOnACombinationThatLosesWrites() {
    write(true, true, false);
    refresh(PRIMARY);
    write(false, true, false);

    assertThat(refresh(PRIMARY)).contains(Phase.DUAL_WRITE);
    assertThat(rejected).hasSize(1).first().asString().contains("would lose every write");
  }

  @Test
  void prefersTheFlagsOfTheMigration() {
    write(true, true, false);
    List.of("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW")
        .forEach(flag -> PlainFlags.write(directory, "orders-status." + flag, "false"));
    assertThat(refresh(PRIMARY)).contains(Phase.EXPAND);
  }

  @Test
  void givesTheFlagsWithoutANameToThePrimaryMigrationOnly() {
    write(true, true, false);
    assertThat(refresh(OTHER)).isEmpty();
    PlainFlags.write(directory, "doc-title.DUAL_WRITE", "true");
    PlainFlags.write(directory, "doc-title.WRITE_TO_NEW", "true");
    PlainFlags.write(directory, "doc-title.READ_FROM_NEW", "true");
    assertThat(refresh(OTHER)).contains(Phase.READ_NEW);
    assertThat(refresh(PRIMARY)).contains(Phase.DUAL_WRITE);
  }

  private Optional<Phase> refresh(Migration migration) {
    return requests.refresh(migration).await().atMost(LIMIT);
  }

  private void write(boolean dualWrite, boolean writeToNew, boolean readFromNew) {
    PlainFlags.write(directory, "DUAL_WRITE", String.valueOf(dualWrite));
    PlainFlags.write(directory, "WRITE_TO_NEW", String.valueOf(writeToNew));
    PlainFlags.write(directory, "READ_FROM_NEW", String.valueOf(readFromNew));
  }

  private RequestedPhases requests(String directory) {
    MigrationListener listener =
        new MigrationListener() {
          @Override
          public void onFlagsRejected(Migration migration, String reason) {
            rejected.add(reason);
          }
        };
    return new RequestedPhases(config(directory), List.of(listener));
  }

  private static MigrationConfig config(String directory) {
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(MigrationConfig.class)
            .withDefaultValues(
                Map.ofEntries(
                    Map.entry("migration.primary", "orders-status"),
                    Map.entry("migration.flags-dir", directory),
                    Map.entry("migration.pulse", "PT1S"),
                    Map.entry("migration.soak", "PT0S"),
                    Map.entry("migration.auto-expand", "false"),
                    Map.entry("migration.shadow-sample", "0"),
                    Map.entry("migration.instance-timeout", "PT10S"),
                    Map.entry("migration.schema.patience", "PT2M"),
                    Map.entry("migration.backfill.batch-size", "1000"),
                    Map.entry("migration.backfill.delay", "PT0.1S"),
                    Map.entry("migration.backfill.target-load", "0.5"),
                    Map.entry("migration.backfill.workers", "1"),
                    Map.entry("migration.backfill.max-replica-lag", "PT10S"),
                    Map.entry("migration.backfill.max-lock-waits", "10")))
            .build();
    return config.getConfigMapping(MigrationConfig.class);
  }

  private static Migration migration(String name) {
    return new Migration(
        name, "doc", "id", "text", "o", "n", "lower(o)", "upper(n)", List.of(), List.of());
  }
}
