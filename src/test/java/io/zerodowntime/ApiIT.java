package io.zerodowntime;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.ApiShapes.CERTIFICATE;
import static io.zerodowntime.ApiShapes.EVIDENCE;
import static io.zerodowntime.ApiShapes.HISTORY_ENTRY;
import static io.zerodowntime.ApiShapes.INVALID;
import static io.zerodowntime.ApiShapes.LIVE_INSTANCE;
import static io.zerodowntime.ApiShapes.ORDER;
import static io.zerodowntime.ApiShapes.PAST_RUN;
import static io.zerodowntime.ApiShapes.PHASE;
import static io.zerodowntime.ApiShapes.PROBLEM;
import static io.zerodowntime.ApiShapes.RUN;
import static io.zerodowntime.ApiShapes.SHADOW;
import static io.zerodowntime.ApiShapes.STATUS;
import static io.zerodowntime.ApiShapes.VERDICT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.TestResourceScope;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.FlagsDirectory;
import io.zerodowntime.testing.JsonShape;
import io.zerodowntime.testing.PackagedServiceResource;
import io.zerodowntime.testing.PostgresResource;
import io.zerodowntime.testing.Timeouts;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** The packaged artefact by its API alone, jar or native executable: every JSON that it speaks. */
@QuarkusIntegrationTest
@WithTestResource(
    value = PackagedServiceResource.class,
    scope = TestResourceScope.RESTRICTED_TO_CLASS)
class ApiIT {
  @FlagsDirectory Path flags;

  @Test
  void ordersAreWrittenAndRead() {
    awaitReady();
    Response made = Api.order("paid");
    JsonNode order = ORDER.fits(JsonShape.body(201, made));
    long id = order.get("id").asLong();
    assertThat(made.header("Location")).endsWith("/orders/" + id);
    assertThat(order.get("status").asText()).isEqualTo("paid");
    assertThat(OffsetDateTime.parse(order.get("createdAt").asText()).getYear()).isPositive();
    assertThat(ORDER.fits(JsonShape.body(200, Api.find(id)))).isEqualTo(order);
    ORDER.fits(JsonShape.body(200, Api.change(id, "shipped")));

    Response keyed = Api.order("key-" + id, "paid");
    Response replayed = Api.order("key-" + id, "paid");
    assertThat(replayed.asString()).isEqualTo(keyed.asString());
    assertThat(replayed.header("Idempotent-Replayed")).isEqualTo("true");
    PROBLEM.fits(JsonShape.body(422, Api.order("key-" + id, "shipped")));

    JsonNode page = JsonShape.body(200, given().get("/orders?status=shipped&limit=1"));
    ORDER.fitsAll(JsonShape.of("items:array next:number|null").fits(page).get("items"));
  }

  @Test
  void errorsAreProblems() {
    awaitReady();
    Response invalid = Api.json("{\"userId\":-1,\"amount\":0,\"status\":\"\"}").post("/orders");
    JsonNode violations = INVALID.fits(JsonShape.body(400, invalid)).get("violations");
    assertThat(violations).hasSize(3);
    JsonShape.of("field:string message:string").fitsAll(violations);
    assertThat(invalid.contentType()).isEqualTo("application/problem+json");
    INVALID.fits(JsonShape.body(400, Api.json("{\"userId\":\"1\",\"amount\":1}").post("/orders")));
    INVALID.fits(
        JsonShape.body(
            400, Api.json("{\"userId\":1,\"amount\":1,\"status\":null}").post("/orders")));
    PROBLEM.fits(JsonShape.body(400, Api.json("{").post("/orders")));
    PROBLEM.fits(JsonShape.body(404, Api.find(Long.MAX_VALUE)));
    PROBLEM.fits(JsonShape.body(404, given().get("/nothing/here")));
    PROBLEM.fits(JsonShape.body(413, Api.json(" ".repeat(70_000)).post("/orders")));
    PROBLEM.fits(JsonShape.body(401, given().get(Api.MIGRATION)));
    PROBLEM.fits(JsonShape.body(403, Api.viewer().post(Api.MIGRATION + "/contract")));
    PROBLEM.fits(JsonShape.body(404, Api.viewer().get("/migrations/none")));
    INVALID.fits(
        JsonShape.body(
            400,
            Api.operator()
                .contentType("application/json")
                .body("{\"batchSize\":0}")
                .patch(Api.MIGRATION + "/backfill")));
  }

  @Test
  void platformsFindWhatTheyAskFor() {
    awaitReady();
    assertThat(given().get("/health").asString()).isEqualTo("{\"status\":\"ok\"}");
    if (Boolean.getBoolean("management.enabled")) {
      PROBLEM.fits(JsonShape.body(404, given().get("/q/metrics")));
    }
    for (String probe : new String[] {"live", "ready", "started"}) {
      assertThat(
              JsonShape.body(200, Api.management().get("/q/health/" + probe))
                  .get("status")
                  .asText())
          .isEqualTo("UP");
    }
    JsonShape.body(201, Api.order("paid"));
    awaitMetrics("http_server_requests_seconds_bucket", "migration_phase{", "orders_created_total");
    String description = Api.management().get("/q/openapi").asString();
    assertThat(description).contains("/orders/{id}/shadow", "MigrationStatus", "Certificate");
  }

  @Test
  void aMigrationIsWalkedFromStartToEnd() throws Exception {
    awaitReady();
    long legacy = JsonShape.body(201, Api.order("paid")).get("id").asLong();
    assertStatus(0);
    // before the end: a migration that is contracted has no gates
    awaitMetrics("migration_gate_open");
    JsonNode refused = JsonShape.body(409, Api.command("/backfill"));
    assertThat(refused.get("detail").asText()).contains("backfill needs phase 1");
    shadow(legacy, "paid", null, false);

    flags(1);
    assertStatus(1);
    compare(JsonShape.body(202, Api.command("/backfill")));
    assertStatus(1);
    flags(2);
    assertThat(assertStatus(2).get("shadow")).isNotNull();
    shadow(legacy, "paid", "paid", true);
    events();
    text();
    flags(3);
    assertStatus(3);
    shadow(legacy, "paid", "paid", true);
    drop();
    assertThat(assertStatus(3).get("contractedAt").isTextual()).isTrue();
    PROBLEM.fits(JsonShape.body(409, given().get("/orders/" + legacy + "/shadow")));
    history();
  }

  /** The whole status, once this phase is in force and drained. */
  private static JsonNode assertStatus(int phase) {
    Timeouts.await().until(() -> inForce(phase));
    JsonNode all = JsonShape.body(200, Api.viewer().get("/migrations"));
    STATUS.fitsAll(all);
    JsonNode status = STATUS.fits(JsonShape.body(200, Api.status()));
    PHASE.fits(status.get("effective"));
    SHADOW.fits(status.get("shadow"));
    LIVE_INSTANCE.fitsAll(status.get("instances"));
    PHASE.fits(status.get("instances").get(0).get("requested"));
    PHASE.fits(status.get("instances").get(0).get("writesUpTo"));
    if (status.get("contractedAt").isNull()) {
      VERDICT.fitsAll(status.get("gates"));
    }
    return status;
  }

  private static boolean inForce(int phase) {
    JsonNode status = JsonShape.parse(Api.status().asString());
    return status.get("effective").get("phase").asInt() == phase
        && status.get("drained").asBoolean();
  }

  /** Awaits the backfill and the comparison that follows. */
  private static void compare(JsonNode begun) {
    RUN.fits(begun);
    Timeouts.await().until(() -> complete(JsonShape.parse(Api.status().asString()).get("parity")));
    JsonNode status = JsonShape.parse(Api.status().asString());
    assertThat(complete(RUN.fits(status.get("backfill")))).isTrue();
    assertThat(RUN.fits(status.get("parity")).get("mismatchedRows").asLong()).isZero();
  }

  private static boolean complete(JsonNode run) {
    return !run.isNull() && run.get("state").asText().equals("complete");
  }

  private static void shadow(long id, String old, String now, boolean match) {
    JsonNode shadow =
        JsonShape.of("orderId:number phase:number old:object new:object match:boolean")
            .fits(JsonShape.body(200, given().get("/orders/" + id + "/shadow")));
    JsonShape.of("raw:string status:string").fits(shadow.get("old"));
    JsonShape.of("status:string|null").fits(shadow.get("new"));
    assertThat(shadow.get("old").get("status").asText()).isEqualTo(old);
    assertThat(shadow.get("new").get("status").asText(null)).isEqualTo(now);
    assertThat(shadow.get("match").asBoolean()).isEqualTo(match);
  }

  /** Two events of the stream, by a client that reads as they come. */
  private static void events() throws IOException {
    URI uri = URI.create("http://localhost:" + RestAssured.port + Api.MIGRATION + "/events");
    HttpURLConnection stream = (HttpURLConnection) uri.toURL().openConnection();
    String user = "viewer:" + PostgresResource.VIEWER_PASSWORD;
    stream.setRequestProperty(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
    stream.setReadTimeout(60_000);
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(stream.getInputStream(), StandardCharsets.UTF_8))) {
      lines
          .lines()
          .filter(line -> line.startsWith("data:"))
          .limit(2)
          .forEach(line -> STATUS.fits(JsonShape.parse(line.substring("data:".length()))));
    }
    assertThat(stream.getContentType()).startsWith("text/event-stream");
  }

  private static void text() {
    Response text = Api.viewer().accept("text/plain").get(Api.MIGRATION);
    assertThat(text.contentType()).startsWith("text/plain");
    assertThat(text.asString()).startsWith("orders-status: phase 2 (read-new)").contains("soak");
  }

  private static void drop() {
    Timeouts.await()
        .until(
            () -> JsonShape.parse(Api.status().asString()).get("nextStep").asText().equals("drop"));
    JsonNode certificate = CERTIFICATE.fits(JsonShape.body(200, Api.command("/contract")));
    assertThat(certificate.at("/droppedColumns/0").asText()).isEqualTo("old_status");
    SHADOW.fits(EVIDENCE.fits(certificate.get("evidence")).get("shadow"));
    VERDICT.fitsAll(certificate.get("gates"));
    PAST_RUN.fitsAll(certificate.get("runs"));
  }

  private static void history() {
    JsonNode entries = JsonShape.body(200, Api.viewer().get(Api.MIGRATION + "/history"));
    HISTORY_ENTRY.fitsAll(entries);
    // three steps, the start of the backfill, the drop
    assertThat(entries).hasSize(5);
    CERTIFICATE.fits(entries.get(0).get("evidence"));
  }

  /** In this order no two neighbouring phases have an illegal set between them. */
  private void flags(int phase) throws IOException {
    Files.writeString(flags.resolve("DUAL_WRITE"), String.valueOf(phase < 3));
    Files.writeString(flags.resolve("WRITE_TO_NEW"), String.valueOf(phase >= 1));
    Files.writeString(flags.resolve("READ_FROM_NEW"), String.valueOf(phase >= 2));
  }

  private static void awaitMetrics(String... names) {
    Timeouts.await()
        .untilAsserted(
            () -> assertThat(Api.management().get("/q/metrics").asString()).contains(names));
  }

  private static void awaitReady() {
    Timeouts.await().until(() -> Api.management().get("/q/health/ready").statusCode() == 200);
  }
}
