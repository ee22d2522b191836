package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.Timeouts.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.OneToOne;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that the last valid request counts until there is another valid one. */
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

  @Test
  void readsTheEnvironmentWithoutADirectory() {
    requests = requests(environment("true", "true", "false"));
    assertThat(refresh(PRIMARY)).contains(Phase.DUAL_WRITE);
    assertThat(refresh(OTHER)).isEmpty();
  }

  @Test
  void asksForNothingWhereTheEnvironmentLacksAFlag() {
    for (Map<String, String> lacking :
        List.of(Map.<String, String>of(), Map.of("DUAL_WRITE", "true", "WRITE_TO_NEW", "true"))) {
      requests = requests(lacking);
      assertThat(refresh(PRIMARY)).isEmpty();
      assertThat(requests.current(PRIMARY).refused())
          .hasValueSatisfying(why -> assertThat(why).contains("is missing"));
    }
  }

  private static Map<String, String> environment(
      String dualWrite, String writeToNew, String readFromNew) {
    return Map.of(
        "DUAL_WRITE", dualWrite, "WRITE_TO_NEW", writeToNew, "READ_FROM_NEW", readFromNew);
  }

  private Optional<Phase> refresh(Migration migration) {
    return requests.refresh(List.of(migration)).await().atMost(LIMIT).get(migration);
  }

  private void write(boolean dualWrite, boolean writeToNew, boolean readFromNew) {
    PlainFlags.write(directory, "DUAL_WRITE", String.valueOf(dualWrite));
    PlainFlags.write(directory, "WRITE_TO_NEW", String.valueOf(writeToNew));
    PlainFlags.write(directory, "READ_FROM_NEW", String.valueOf(readFromNew));
  }

  private RequestedPhases requests(String directory) {
    return new RequestedPhases(
        EngineConfig.with("migration.flags-dir", directory), Map.of(), List.of(listener()));
  }

  private RequestedPhases requests(Map<String, String> environment) {
    return new RequestedPhases(
        EngineConfig.with("migration.flags-dir", ""), environment, List.of(listener()));
  }

  private MigrationListener listener() {
    return new MigrationListener() {
      @Override
      public void onFlagsRejected(Migration migration, String reason) {
        rejected.add(reason);
      }
    };
  }

  private static Migration migration(String name) {
    return OneToOne.migration(name, "doc", List.of("id"), "o", "n", "lower(o)", "upper(n)");
  }
}
