package io.zerodowntime.migration.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that a changelog file that is there is never written over. */
class PlanFilesTest {
  private static final PlanFile EXPAND = new PlanFile("a-010-expand.sql", "one\n", List.of());
  private static final PlanFile RELAX = new PlanFile("a-040-relax.sql", "two\n", List.of());

  @TempDir private Path parent;

  @Test
  void writesWhatIsMissing() throws IOException {
    Path directory = parent.resolve("to/be/made");
    assertThat(PlanFiles.write(directory, List.of(EXPAND))).containsExactly("a-010-expand.sql");
    assertThat(PlanFiles.write(directory, List.of(EXPAND, RELAX)))
        .containsExactly("a-040-relax.sql");
    assertThat(PlanFiles.write(directory, List.of(EXPAND, RELAX))).isEmpty();
    assertThat(directory.resolve("a-010-expand.sql")).hasContent("one\n");
    assertThat(names(directory)).containsExactly("a-010-expand.sql", "a-040-relax.sql");
  }

  @Test
  void writesNothingWhereAFileDiffers() throws IOException {
    Files.writeString(parent.resolve("a-040-relax.sql"), "released\n");
    assertThatThrownBy(() -> PlanFiles.write(parent, List.of(EXPAND, RELAX)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(parent.toString())
        .hasMessageContaining("a-040-relax.sql")
        .hasMessageContaining("nothing was written")
        .hasMessageNotContaining("a-010-expand.sql")
        .hasMessageNotContaining("\n");
    assertThat(names(parent)).containsExactly("a-040-relax.sql");
    assertThat(parent.resolve("a-040-relax.sql")).hasContent("released\n");
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
