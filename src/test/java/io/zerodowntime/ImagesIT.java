package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.zerodowntime.testing.ServiceProcess;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be said of the container images without building them. */
class ImagesIT {
  private static final Path DIRECTORY = Path.of("src/main/docker");

  @ParameterizedTest
  @ValueSource(strings = {"jvm", "native", "native-micro", "build"})
  void runAsANumberedUserWithoutAShell(String name) throws IOException {
    List<String> lines = instructions(name);
    assertThat(last(lines, "USER")).isEqualTo("1001");
    assertThat(last(lines, "ENTRYPOINT")).startsWith("[\"").endsWith("\"]");
    assertThat(last(lines, "STOPSIGNAL")).isEqualTo("SIGTERM");
    assertThat(last(lines, "EXPOSE")).isEqualTo("3000 9000");
    assertThat(lines).noneMatch(line -> line.matches("(ADD|CMD|HEALTHCHECK|VOLUME) .*"));
    assertThat(lines).anyMatch(line -> line.startsWith("LABEL org.opencontainers.image.title="));
  }

  @ParameterizedTest
  @ValueSource(strings = {"jvm", "native", "native-micro", "build"})
  void areBuiltOnBasesWithAVersion(String name) throws IOException {
    List<String> lines = instructions(name);
    List<String> stages =
        lines.stream().filter(l -> l.contains(" AS ")).map(l -> l.split(" AS ", 2)[1]).toList();
    for (String line : lines) {
      if (line.matches("ARG \\w+=.*/.*")) {
        assertThat(line).matches(".*:[\\w.-]+").doesNotEndWith(":latest");
      } else if (line.startsWith("FROM ")) {
        String base = line.split(" ", -1)[1];
        assertThat(base.startsWith("${") || stages.contains(base)).as(line).isTrue();
      }
    }
  }

  /** A build makes the files of the JVM's image or those of the native ones. */
  @ParameterizedTest
  @ValueSource(strings = {"jvm", "native", "native-micro"})
  void copyOnlyWhatIsThere(String name) throws IOException {
    assumeThat(ServiceProcess.isNative()).isEqualTo(!name.equals("jvm"));
    List<String> admitted = Files.readAllLines(Path.of(".dockerignore"));
    for (String line : instructions(name)) {
      if (line.startsWith("COPY ") && !line.contains("--from=")) {
        List<String> words =
            Arrays.stream(line.split(" ", -1)).skip(1).filter(w -> !w.startsWith("--")).toList();
        for (String source : words.subList(0, words.size() - 1)) {
          assertThat(found(source)).as(line).isNotEmpty();
          assertThat(admitted)
              .as(".dockerignore admits " + source)
              .anyMatch(rule -> rule.startsWith("!") && source.startsWith(rule.substring(1)));
        }
      }
    }
  }

  @Test
  void holdNoEmbeddedServer() throws IOException {
    assertThat(last(instructions("jvm"), "ENV")).contains("EMBEDDED_DATABASE=\"false\"");
    assertThat(last(instructions("build"), "ENV")).contains("EMBEDDED_DATABASE=\"false\"");
    assertThat(instructions("build")).contains("RUN ./mvnw -B -ntp package -Dimage -DskipTests");
  }

  @Test
  void startTheJvmInOneWay() throws IOException {
    assertThat(last(instructions("build"), "ENTRYPOINT"))
        .isEqualTo(last(instructions("jvm"), "ENTRYPOINT"))
        .contains("-XX:+UseSerialGC");
    assertThat(instructions("build")).containsAll(training(instructions("jvm")));
  }

  private static List<String> training(List<String> lines) {
    List<String> found = lines.stream().filter(line -> line.contains("\"train\"")).toList();
    assertThat(found).hasSize(1).allMatch(line -> line.contains("-XX:+UseSerialGC"));
    return found;
  }

  private static String last(List<String> lines, String instruction) {
    return lines.stream()
        .filter(line -> line.startsWith(instruction + " "))
        .reduce((before, after) -> after)
        .orElse("")
        .substring(instruction.length() + 1);
  }

  /** One instruction a line, without comments. */
  private static List<String> instructions(String name) throws IOException {
    List<String> joined = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String each : Files.readAllLines(DIRECTORY.resolve("Dockerfile." + name))) {
      if (each.isBlank() || each.startsWith("#")) {
        continue;
      }
      line.append(line.isEmpty() ? each : each.strip());
      if (each.endsWith("\\")) {
        line.setLength(line.length() - 1);
      } else {
        joined.add(line.toString());
        line.setLength(0);
      }
    }
    return joined;
  }

  private static List<Path> found(String source) throws IOException {
    Path whole = Path.of(source);
    var pattern = FileSystems.getDefault().getPathMatcher("glob:" + source);
    try (Stream<Path> files = Files.list(whole.getParent())) {
      return files.filter(file -> file.equals(whole) || pattern.matches(file)).toList();
    }
  }
}
