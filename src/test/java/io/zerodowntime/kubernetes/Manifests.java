package io.zerodowntime.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What is shipped for clusters, as it stands in the source tree. */
public final class Manifests {
  public static final Path MONITORING = Path.of("src/main/monitoring");
  static final Path KUBERNETES = Path.of("src/main/kubernetes");
  private static final ObjectMapper JSON = new ObjectMapper();

  private Manifests() {}

  /** Every document of a YAML file. */
  public static List<JsonNode> documents(Path file) {
    Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
    return StreamSupport.stream(yaml.loadAll(text(file)).spliterator(), false)
        .map(document -> (JsonNode) JSON.valueToTree(document))
        .toList();
  }

  /** Every document below the manifests that is of this kind. */
  static List<JsonNode> ofKind(String kind) {
    return files().stream()
        .flatMap(file -> documents(file).stream())
        .filter(document -> document.path("kind").asText().equals(kind))
        .toList();
  }

  static List<Path> files() {
    try (Stream<Path> tree = Files.walk(KUBERNETES)) {
      return tree.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pod templates of every Deployment and Job. */
  static List<JsonNode> pods() {
    return Stream.of("Deployment", "Job")
        .flatMap(kind -> ofKind(kind).stream())
        .map(workload -> workload.at("/spec/template/spec"))
        .toList();
  }

  /** Every container of a pod, those that run first included. */
  static List<JsonNode> containers(JsonNode pod) {
    return Stream.of("initContainers", "containers")
        .flatMap(list -> stream(pod.path(list)))
        .toList();
  }

  static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** The value of an environment variable; null if there is none. */
  static String env(JsonNode container, String name) {
    return stream(container.path("env"))
        .filter(variable -> variable.get("name").asText().equals(name))
        .map(variable -> variable.path("value").asText())
        .findFirst()
        .orElse(null);
  }

  static Properties application() {
    Properties properties = new Properties();
    try (var in = Files.newInputStream(Path.of("src/main/resources/application.properties"))) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }

  /** The content of a file of the source tree. */
  public static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
