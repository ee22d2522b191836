package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.zerodowntime.testing.KubeletVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that flag files are read from one version of their directory. */
class FlagDirectoryTest {
  private static final List<String> NAMES = List.of("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW");
  private static final int READINGS = 2000;

  @TempDir Path directory;
  private FlagDirectory flags;

  @BeforeEach
  void watch() {
    flags = new FlagDirectory(directory);
  }

  @Test
  void readsAPlainDirectory() throws Exception {
    PlainFlags.write(directory, "DUAL_WRITE", "true\n");
    PlainFlags.write(directory, "other", "x");

    assertThat(flags.read(NAMES)).containsExactly(Map.entry("DUAL_WRITE", "true\n"));
    PlainFlags.write(directory, "DUAL_WRITE", "false");
    assertThat(flags.read(NAMES)).containsExactly(Map.entry("DUAL_WRITE", "false"));
  }

  @Test
  void readsWhatTheKubeletKeeps() throws Exception {
    KubeletVolume volume = new KubeletVolume(directory);
    volume.write(all("true"));
    assertThat(flags.read(NAMES)).isEqualTo(all("true"));
    assertThat(directory.resolve("DUAL_WRITE")).isSymbolicLink().hasContent("true");

    volume.write(all("false"));
    assertThat(flags.read(NAMES)).isEqualTo(all("false"));
  }

  @Test
  void seesKeysComeAndGo() throws Exception {
    KubeletVolume volume = new KubeletVolume(directory);
    volume.write(Map.of());
    assertThat(flags.read(NAMES)).isEmpty();
    volume.write(Map.of("DUAL_WRITE", "true", "other", "x"));
    assertThat(flags.read(NAMES)).containsExactly(Map.entry("DUAL_WRITE", "true"));

    volume.write(Map.of("READ_FROM_NEW", "true"));
    assertThat(directory.resolve("DUAL_WRITE")).doesNotExist();
    assertThat(flags.read(NAMES)).containsExactly(Map.entry("READ_FROM_NEW", "true"));
    volume.write(Map.of());
    assertThat(flags.read(NAMES)).isEmpty();
    assertThat(directory.toFile().list()).as("..data and its version").hasSize(2);
  }

  @Test
  void readsTheBeginningOfAHugeFileOnly() throws Exception {
    PlainFlags.write(directory, "DUAL_WRITE", "x".repeat(1_000_000));
    assertThat(flags.read(NAMES).get("DUAL_WRITE")).hasSizeLessThan(1000);
  }

  @Test
  void failsWithoutItsDirectory() {
    assertThatIOException()
        .isThrownBy(() -> new FlagDirectory(directory.resolve("gone")).read(NAMES))
        .withMessageContaining("gone");
  }

  @Test
  void failsOnADirectoryInPlaceOfAFile() throws Exception {
    Files.createDirectory(directory.resolve("DUAL_WRITE"));
    assertThatIOException().isThrownBy(() -> flags.read(NAMES));
  }

  @Test
  void neverMixesTwoVersions() throws Exception {
    KubeletVolume volume = new KubeletVolume(directory);
    volume.write(all("v0"));
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService kubelet = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> swaps = kubelet.submit(() -> swapUntil(done, volume));
      int unsettled = 0;
      for (int i = 0; i < READINGS; i++) {
        try {
          Map<String, String> read = flags.read(NAMES);
          assertThat(read).containsOnlyKeys(NAMES);
          assertThat(read.values()).as("all from one version").containsOnly(read.get(NAMES.get(0)));
        } catch (IOException changing) {
          unsettled++;
        }
      }
      done.set(true);
      assertThat(swaps.get()).as("versions").isGreaterThan(20);
      assertThat(unsettled).as("readings given up").isLessThan(READINGS / 10);
    } finally {
      done.set(true);
      kubelet.shutdownNow();
    }
  }

  private static int swapUntil(AtomicBoolean done, KubeletVolume volume) throws IOException {
    int swaps = 0;
    while (!done.get()) {
      volume.write(all("v" + ++swaps));
    }
    return swaps;
  }

  private static Map<String, String> all(String value) {
    Map<String, String> files = new HashMap<>();
    NAMES.forEach(name -> files.put(name, value));
    return files;
  }
}
