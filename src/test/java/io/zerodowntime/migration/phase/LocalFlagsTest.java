package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.OneToOne;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Flags that are written one by one never are a set that is refused. */
class LocalFlagsTest {
  private static final Migration ORDERS =
      OneToOne.migration(
          "orders-status",
          "orders",
          List.of("id"),
          "old_status",
          "status",
          "lower(old_status)",
          "upper(status)");

  private static final List<String> NAMES =
      List.of(Flags.DUAL_WRITE, Flags.WRITE_TO_NEW, Flags.READ_FROM_NEW);

  @TempDir Path directory;

  @Test
  void everySetBetweenNeighboursIsOneOfThem() {
    for (Phase from : Phase.values()) {
      for (Phase to : Phase.values()) {
        if (Math.abs(from.number() - to.number()) == 1) {
          Map<String, String> flags = new HashMap<>();
          Flags.of(from).inOrderOfWriting().forEach(f -> flags.put(f.getKey(), "" + f.getValue()));
          Flags.of(to)
              .inOrderOfWriting()
              .forEach(
                  flag -> {
                    flags.put(flag.getKey(), "" + flag.getValue());
                    assertThat(Flags.of(flags).phase()).isIn(from, to);
                  });
          assertThat(Flags.of(flags).phase()).isEqualTo(to);
        }
      }
    }
  }

  @Test
  void writesTheFilesThatCount() throws Exception {
    LocalFlags flags =
        new LocalFlags(
            EngineConfig.with(
                Map.of(
                    "migration.local-flags", "true", "migration.flags-dir", directory.toString())));
    ask(flags, Phase.READ_NEW);
    assertThat(content()).containsOnly("true");
    ask(flags, Phase.CONTRACT);
    assertThat(content()).containsExactly("false", "true", "true");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).hasSize(3);
    }
    // a file with the name of the migration wins
    String own = ORDERS.name() + "." + Flags.DUAL_WRITE;
    Files.writeString(directory.resolve(own), "false");
    ask(flags, Phase.READ_NEW);
    assertThat(Files.readString(directory.resolve(own))).isEqualTo("true\n");
    assertThat(content()).containsExactly("false", "true", "true");
  }

  @Test
  void writesNothingWhereFlagsComeFromOutside() {
    LocalFlags flags =
        new LocalFlags(EngineConfig.with("migration.flags-dir", directory.toString()));
    assertThat(flags.areWritable()).isFalse();
    assertThatThrownBy(() -> ask(flags, Phase.DUAL_WRITE))
        .isInstanceOf(MigrationException.Refused.class);
    assertThat(directory).isEmptyDirectory();
  }

  private static void ask(LocalFlags flags, Phase phase) {
    flags.ask(ORDERS, phase).await().atMost(Timeouts.LIMIT);
  }

  private List<String> content() throws Exception {
    String[] values = new String[NAMES.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Files.readString(directory.resolve(NAMES.get(i))).strip();
    }
    return List.of(values);
  }
}
