package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The workflow of the public forge does what .ci/run does, and on all that the README promises. */
class WorkflowTest {
  private static final String TESTS = "./.github/workflows/ci.yml";
  private static final Pattern ACTION =
      Pattern.compile("[\\w-]+/[\\w-]+@[0-9a-f]{40} # v\\d+\\.\\d+\\.\\d+");

  @Test
  void runsTheOneGate() throws IOException {
    assertThat(lines(".github/workflows/ci.yml")).contains("- run: .ci/run");
    assertThat(Files.readString(Path.of(".ci/run"))).contains("./mvnw -B -ntp verify");
  }

  @Test
  void coversWhatIsSupported() throws IOException {
    List<String> workflow = lines(".github/workflows/ci.yml");
    assertThat(workflow).contains("java: [\"17\", \"21\", \"25\"]");
    List<String> matrices =
        workflow.stream().filter(line -> line.startsWith("postgres: [")).distinct().toList();
    assertThat(matrices).hasSize(1);
    assertThat(matrices.get(0))
        .matches("postgres: \\[\"14\\..*\", \"15\\..*\", \"16\\..*\", \"17\\..*\", \"18\\..*\"]");
    String built = Files.readString(Path.of("pom.xml"));
    String version = built.split("<postgres.version>", 2)[1].split("<", 2)[0];
    assertThat(matrices.get(0)).contains("\"" + version + "\"");
  }

  /** The forge's machines run it as a user who is not root. */
  @Test
  void installsPackagesAsRoot() throws IOException {
    try (Stream<Path> scripts = Files.walk(Path.of(".ci"))) {
      List<String> lines = new ArrayList<>();
      for (Path script : scripts.filter(Files::isRegularFile).toList()) {
        lines.addAll(lines(script.toString()));
      }
      assertThat(lines)
          .filteredOn(line -> line.contains("apt-get -"))
          .isNotEmpty()
          .noneMatch(line -> line.replace(".ci/as-root apt-get", "").contains("apt-get"));
    }
  }

  @Test
  void pinsEveryAction() throws IOException {
    try (Stream<Path> workflows = Files.list(Path.of(".github/workflows"))) {
      List<Path> all = workflows.toList();
      assertThat(all).hasSizeGreaterThan(1);
      for (Path workflow : all) {
        assertThat(lines(workflow.toString()))
            .filteredOn(line -> line.contains("uses:"))
            .map(line -> line.split("uses: ", 2)[1])
            .isNotEmpty()
            .allMatch(action -> action.equals(TESTS) || ACTION.matcher(action).matches());
      }
    }
  }

  /** Images and notes come after every job of the other workflow. */
  @Test
  void releasesWhatPassedAllTests() throws IOException {
    List<String> release = lines(".github/workflows/release.yml");
    assertThat(release).contains("uses: " + TESTS, "needs: [version, tests]");
    assertThat(lines(".github/workflows/ci.yml")).contains("workflow_call:");
  }

  @Test
  void updatesWhatThereIs() throws IOException {
    assertThat(lines(".github/dependabot.yml"))
        .filteredOn(line -> line.startsWith("directory: "))
        .hasSizeGreaterThan(3)
        .allSatisfy(line -> assertThat(Path.of("." + line.split(": ", 2)[1])).isDirectory());
  }

  @Test
  void runsEveryCheckOfTheDocuments() throws IOException {
    assertThat(lines(".ci/run")).contains(".ci/words", ".ci/links", ".ci/workflows", ".ci/model");
  }

  private static List<String> lines(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).stream().map(String::strip).toList();
  }
}
