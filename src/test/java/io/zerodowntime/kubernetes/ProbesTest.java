package io.zerodowntime.kubernetes;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What kubelet and Prometheus ask for is there. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ProbesTest {
  @Inject EngineDatabase database;

  @Test
  void areAnswered() throws Exception {
    database.reset();
    Set<String> paths =
        Manifests.pods().stream()
            .flatMap(pod -> pod.findValues("httpGet").stream())
            .map(probe -> probe.get("path").asText())
            .collect(Collectors.toSet());
    assertThat(paths)
        .containsExactlyInAnyOrder("/q/health/started", "/q/health/live", "/q/health/ready");
    JsonNode monitor =
        Manifests.documents(Manifests.MONITORING.resolve("service-monitor.yaml")).get(0);
    paths.add(monitor.at("/spec/endpoints/0/path").asText());
    assertThat(paths).allSatisfy(path -> given().get(path).then().statusCode(200));
  }
}
