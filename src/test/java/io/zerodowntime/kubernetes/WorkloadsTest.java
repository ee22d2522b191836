package io.zerodowntime.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the manifests promise a cluster, and what they rely on in the program. */
class WorkloadsTest {
  private static final Duration LAST_WORD = Duration.ofSeconds(2);
  private static final Path DEFINITIONS = Manifests.KUBERNETES.resolve("components/definitions");
  private static final Path TRACING = Manifests.KUBERNETES.resolve("components/tracing");

  private static final Path REDIS = Manifests.KUBERNETES.resolve("components/redis");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z_]+)|\"([A-Z_]{3,})\"");

  @Test
  void runWithoutPrivileges() {
    assertThat(Manifests.pods())
        .hasSize(5)
        .allSatisfy(
            pod -> {
              assertThat(pod.get("automountServiceAccountToken").asBoolean(true)).isFalse();
              assertThat(pod.get("enableServiceLinks").asBoolean(true)).isFalse();
              assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
              assertThat(pod.at("/securityContext/runAsUser").asInt()).isEqualTo(1001);
              assertThat(pod.at("/securityContext/seccompProfile/type").asText())
                  .isEqualTo("RuntimeDefault");
              assertThat(Manifests.containers(pod)).allSatisfy(WorkloadsTest::isConfined);
            });
  }

  private static void isConfined(JsonNode container) {
    JsonNode context = container.get("securityContext");
    assertThat(context.get("allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(context.get("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(context.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
    assertThat(container.at("/resources/limits/memory").asText())
        .isEqualTo(container.at("/resources/requests/memory").asText());
    assertThat(Manifests.stream(container.get("volumeMounts")))
        .anyMatch(mount -> mount.get("mountPath").asText().equals("/tmp"));
  }

  @Test
  void setOnlyVariablesThatTheProgramReads() {
    Set<String> read = new TreeSet<>();
    for (String file :
        new String[] {
          "src/main/resources/application.properties",
          "src/main/java/io/zerodowntime/db/DatabaseConfig.java",
          "src/main/java/io/zerodowntime/http/SessionKeyConfig.java",
          "src/main/java/io/zerodowntime/tracing/TracingSettings.java"
        }) {
      VARIABLE
          .matcher(Manifests.text(Path.of(file)))
          .results()
          .forEach(found -> read.add(found.group(1) != null ? found.group(1) : found.group(2)));
    }
    Set<String> set =
        Manifests.files().stream()
            .flatMap(file -> Manifests.documents(file).stream())
            .flatMap(document -> document.findValues("env").stream())
            .flatMap(Manifests::stream)
            .map(variable -> variable.get("name").asText())
            .collect(Collectors.toCollection(TreeSet::new));
    set.add("BACKFILL_WORKERS"); // by a patch of the component "workers"
    set.addAll(definitions("containers").keySet());
    Manifests.documents(TRACING.resolve("receiver.yaml"))
        .get(0)
        .get("data")
        .fieldNames()
        .forEachRemaining(set::add);
    assertThat(set).contains("DATABASE_URL", "FLAGS_DIR", "SHUTDOWN_DELAY");
    assertThat(read).containsAll(set);
  }

  /** The variables that the component sets, by the patch for containers of this list. */
  private static Map<String, String> definitions(String list) {
    return patch(list)
        .filter(step -> step.at("/path").asText().endsWith("/" + list + "/0/env/-"))
        .map(step -> step.get("value"))
        .collect(
            Collectors.toMap(
                variable -> variable.get("name").asText(),
                variable -> variable.get("value").asText()));
  }

  private static Stream<JsonNode> patch(String list) {
    String file = list.equals("containers") ? "mount.yaml" : "mount-first.yaml";
    return Manifests.stream(Manifests.documents(DEFINITIONS.resolve(file)).get(0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"containers", "initContainers"})
  void readDefinitionsWhereTheyAreMounted(String list) {
    JsonNode mount =
        patch(list)
            .filter(step -> step.at("/path").asText().endsWith("/" + list + "/0/volumeMounts/-"))
            .findFirst()
            .orElseThrow()
            .get("value");
    String directory = mount.get("mountPath").asText();
    assertThat(mount.has("subPath")).isFalse();
    assertThat(definitions(list))
        .containsOnly(
            Map.entry("MIGRATIONS_FILE", directory + "/migrations.yaml"),
            Map.entry("CHANGELOG_DIR", directory));
    JsonNode volume =
        patch("containers")
            .filter(step -> step.at("/path").asText().endsWith("/volumes/-"))
            .findFirst()
            .orElseThrow()
            .get("value");
    assertThat(volume.get("name")).isEqualTo(mount.get("name"));
    assertThat(Manifests.text(Path.of("docs/kubernetes.md")))
        .contains("- name: " + volume.at("/configMap/name").asText())
        .contains("- migrations.yaml");
  }

  /** A patch that meets no list fails, and one that names no workload leaves it out. */
  @Test
  void haveWhatTheDefinitionsAreAddedTo() {
    assertThat(Manifests.pods())
        .allSatisfy(
            pod -> {
              assertThat(pod.get("volumes").isEmpty()).isFalse();
              assertThat(pod.path("containers")).hasSize(1);
              assertThat(Manifests.containers(pod))
                  .allMatch(container -> container.has("env") && container.has("volumeMounts"));
            });
    List<String> first =
        Manifests.ofKind("Job").stream()
            .filter(job -> job.at("/spec/template/spec").has("initContainers"))
            .map(job -> job.at("/metadata/name").asText())
            .toList();
    assertThat(first).hasSize(1);
    assertThat(Manifests.documents(DEFINITIONS.resolve("kustomization.yaml")).get(0).at("/patches"))
        .extracting(patch -> patch.get("path").asText() + " " + patch.get("target"))
        .containsExactly(
            "mount.yaml {\"kind\":\"Deployment\"}",
            "mount.yaml {\"kind\":\"Job\"}",
            "mount-first.yaml {\"kind\":\"Job\",\"name\":\"%s\"}".formatted(first.get(0)));
  }

  @Test
  void giveTheProgramTimeToEnd() {
    Duration timeout = seconds(Manifests.application().getProperty("quarkus.shutdown.timeout"));
    assertThat(Manifests.ofKind("Deployment"))
        .allSatisfy(
            deployment -> {
              JsonNode pod = deployment.at("/spec/template/spec");
              String delay = Manifests.env(pod.at("/containers/0"), "SHUTDOWN_DELAY");
              Duration needed =
                  timeout.plus(LAST_WORD).plus(delay == null ? Duration.ZERO : seconds(delay));
              assertThat(Duration.ofSeconds(pod.get("terminationGracePeriodSeconds").asInt()))
                  .isGreaterThan(needed.plusSeconds(5));
            });
  }

  private static Duration seconds(String text) {
    return Duration.parse("PT" + text);
  }

  @Test
  void rollOutWithoutAPodLess() {
    JsonNode service = Manifests.documents(base("deployment.yaml")).get(0).get("spec");
    assertThat(service.at("/strategy/rollingUpdate/maxUnavailable").asInt(1)).isZero();
    assertThat(service.has("replicas")).as("the autoscaler's").isFalse();
    JsonNode port = service.at("/template/spec/containers/0/ports/0");
    assertThat(port.get("containerPort").asText())
        .isEqualTo(Manifests.application().getProperty("quarkus.http.port"));
    assertThat(Manifests.documents(base("service.yaml")).get(0).at("/spec/ports/0/targetPort"))
        .isEqualTo(port.get("name"));
  }

  /** Metrics and health are not on the port that clients reach. */
  @Test
  void keepManagementApart() {
    String management = "management";
    assertThat(Manifests.pods())
        .flatMap(pod -> pod.findValues("httpGet"))
        .hasSize(5)
        .allMatch(probe -> probe.get("port").asText().equals(management));
    JsonNode monitor =
        Manifests.documents(Manifests.MONITORING.resolve("service-monitor.yaml")).get(0);
    assertThat(monitor.at("/spec/endpoints/0/port").asText()).isEqualTo(management);
    assertThat(Manifests.ofKind("Deployment"))
        .flatMap(deployment -> deployment.findValues("ports"))
        .allSatisfy(ports -> assertThat(port(ports, management)).isEqualTo(9000));
    assertThat(Manifests.ofKind("Service"))
        .allSatisfy(
            service ->
                assertThat(Manifests.stream(service.at("/spec/ports")))
                    .anyMatch(port -> port.get("targetPort").asText().equals(management)));
    List<JsonNode> ways =
        Manifests.stream(Manifests.documents(base("network.yaml")).get(0).at("/spec/ingress"))
            .toList();
    assertThat(ways).hasSize(2);
    assertThat(ways.get(0).toString()).contains("3000").doesNotContain("monitoring", "9000");
    assertThat(ways.get(1).toString()).contains("monitoring", "9000").doesNotContain("3000");
  }

  private static int port(JsonNode ports, String name) {
    return Manifests.stream(ports)
        .filter(port -> port.get("name").asText().equals(name))
        .mapToInt(port -> port.get("containerPort").asInt())
        .sum();
  }

  @Test
  void callCommandsThatExist() {
    String program =
        Manifests.text(Path.of("src/main/java/io/zerodowntime/app/cli/CommandSyntax.java"));
    assertThat(Manifests.ofKind("Job"))
        .hasSize(3)
        .flatMap(job -> Manifests.containers(job.at("/spec/template/spec")))
        .allSatisfy(
            container ->
                assertThat(program).contains("\"" + container.at("/args/0").asText() + "\""));
  }

  @Test
  void dropTheColumnOnlyAfterTwoDeliberateActs() {
    JsonNode job =
        Manifests.documents(Manifests.KUBERNETES.resolve("jobs/contract/job.yaml")).get(0);
    assertThat(job.at("/spec/suspend").asBoolean()).isTrue();
    assertThat(job.at("/spec/backoffLimit").asInt(1)).isZero();
    assertThat(job.at("/spec/template/spec/containers/0/args/1").asText())
        .isNotBlank()
        .isNotEqualTo("orders-status");
    assertThat(Manifests.files())
        .filteredOn(file -> file.endsWith("kustomization.yaml"))
        .allSatisfy(
            file ->
                assertThat(Manifests.documents(file).toString())
                    .doesNotContain("jobs/", "contract", "secrets"));
  }

  @Test
  void findTheirSecretsByTheNamesOfTheExample() {
    Set<String> example =
        Manifests.ofKind("Secret").stream()
            .flatMap(
                secret ->
                    secret.get("stringData").properties().stream()
                        .map(e -> secret.at("/metadata/name").asText() + "/" + e.getKey()))
            .collect(Collectors.toSet());
    Set<String> used =
        Stream.concat(
                Manifests.pods().stream(),
                Manifests.documents(REDIS.resolve("environment.yaml")).stream())
            .flatMap(pod -> pod.findValues("secretKeyRef").stream())
            .map(key -> key.get("name").asText() + "/" + key.get("key").asText())
            .collect(Collectors.toSet());
    assertThat(used).isEqualTo(example);
  }

  private static Path base(String file) {
    return Manifests.KUBERNETES.resolve("base").resolve(file);
  }
}
