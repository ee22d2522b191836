package io.zerodowntime.kubernetes;

import static io.zerodowntime.kubernetes.Manifests.KUBERNETES;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.Phase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A phase is a commit of three lines, and reaches running pods without a rollout. */
class FlagOverlaysTest {
  private static final Path OVERLAYS = KUBERNETES.resolve("overlays");

  @ParameterizedTest
  @EnumSource(Phase.class)
  void askForThePhaseTheyAreNamedAfter(Phase phase) {
    Path overlay = OVERLAYS.resolve(phase.number() + "-" + phase.label());
    assertThat(asked(overlay.resolve("flags.yaml"))).isEqualTo(phase);
  }

  @Test
  void areOneForEachPhaseAndTheBaseAsksForTheFirst() throws Exception {
    try (Stream<Path> overlays = Files.list(OVERLAYS)) {
      assertThat(overlays.filter(overlay -> !overlay.endsWith("controller")))
          .hasSameSizeAs(Phase.values());
    }
    assertThat(asked(KUBERNETES.resolve("base/flags.yaml"))).isEqualTo(Phase.EXPAND);
  }

  private static Phase asked(Path file) {
    JsonNode map = Manifests.documents(file).get(0);
    assertThat(map.at("/metadata/name").asText()).isEqualTo("order-flags");
    assertThat(map.path("immutable").asBoolean()).isFalse();
    Map<String, String> values = new HashMap<>();
    map.get("data").fields().forEachRemaining(e -> values.put(e.getKey(), e.getValue().asText()));
    assertThat(values).containsOnlyKeys(Flags.DUAL_WRITE, Flags.WRITE_TO_NEW, Flags.READ_FROM_NEW);
    assertThat(map.get("data")).allMatch(JsonNode::isTextual);
    return Flags.of(values).phase();
  }

  @Test
  void keepTheNameOfTheConfigMap() {
    assertThat(Manifests.files())
        .allSatisfy(
            file ->
                assertThat(Manifests.documents(file))
                    .as("a generated config map gets a hash, and a flip would be a rollout")
                    .noneMatch(d -> d.has("configMapGenerator") || d.has("namePrefix")));
  }

  @Test
  void areMountedAsAWholeDirectoryByWhateverServes() {
    assertThat(Manifests.ofKind("Deployment"))
        .hasSize(2)
        .allSatisfy(
            deployment -> {
              JsonNode pod = deployment.at("/spec/template/spec");
              JsonNode container = pod.at("/containers/0");
              JsonNode mount = named(container.get("volumeMounts"), "flags");
              assertThat(named(pod.get("volumes"), "flags").at("/configMap/name").asText())
                  .isEqualTo("order-flags");
              assertThat(mount.get("mountPath").asText())
                  .isEqualTo(Manifests.env(container, "FLAGS_DIR"));
            });
    assertThat(Manifests.files())
        .allSatisfy(
            file -> assertThat(Manifests.text(file)).doesNotContain("subPath:", "subPathExpr:"));
  }

  private static JsonNode named(JsonNode list, String name) {
    return Manifests.stream(list)
        .filter(item -> item.get("name").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
