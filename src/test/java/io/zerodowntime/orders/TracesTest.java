package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.OtlpReceiver.attribute;
import static io.zerodowntime.testing.OtlpReceiver.spanId;
import static io.zerodowntime.testing.OtlpReceiver.traceId;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.MetricsScrape;
import io.zerodowntime.testing.OtlpReceiver;
import io.zerodowntime.testing.ReferencePage;
import io.zerodowntime.testing.TracedProfile;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a receiver of OTLP is sent for requests, batches and steps. */
@QuarkusTest
@TestProfile(TracedProfile.class)
class TracesTest {
  private static final String CLIENTS_TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CLIENTS_SPAN = "b7ad6b7169203331";

  @ConfigProperty(name = TracedProfile.PORT)
  int port;

  @Inject EngineDatabase database;
  @Inject Engine engine;

  private OtlpReceiver receiver;

  @BeforeEach
  void listen() throws Exception {
    receiver = new OtlpReceiver(port);
    database.reset();
    database.phase(1);
  }

  @AfterEach
  void end() throws Exception {
    receiver.close();
  }

  @Test
  void aStatementIsAPartOfItsRequest() {
    Response created = Api.order("paid");
    Span request = receiver.await(span -> span.getName().equals("POST /orders"));
    assertThat(request.getKind()).isEqualTo(SpanKind.SPAN_KIND_SERVER);
    assertThat(request.getParentSpanId().isEmpty()).isTrue();
    assertThat(attribute(request, "http.response.status_code")).isEqualTo("201");
    assertThat(attribute(request, "http.route")).isEqualTo("/orders");
    assertThat(attribute(request, "http.request.id")).isEqualTo(created.header("X-Request-Id"));
    Span statement = receiver.await(span -> span.getName().equals("create order"));
    assertThat(statement.getKind()).isEqualTo(SpanKind.SPAN_KIND_CLIENT);
    assertThat(traceId(statement)).isEqualTo(traceId(request));
    assertThat(statement.getParentSpanId()).isEqualTo(request.getSpanId());
    assertThat(attribute(statement, "db.system.name")).isEqualTo("postgresql");

    Api.change(created.jsonPath().getLong("id"), "shipped");
    Api.find(created.jsonPath().getLong("id"));
    given().get("/orders?limit=1");
    for (String name : List.of("change order", "compare order", "list orders")) {
      Span part = receiver.await(span -> span.getName().equals(name));
      assertThat(receiver.await(span -> span.getSpanId().equals(part.getParentSpanId())).getKind())
          .isEqualTo(SpanKind.SPAN_KIND_SERVER);
    }
    receiver.await(span -> span.getName().equals("GET /orders/{id}"));
  }

  @Test
  void theTraceOfTheClientGoesOn() {
    traced("01").get("/orders/1").then().statusCode(404);
    Span request = receiver.await(span -> span.getName().equals("GET /orders/{id}"));
    assertThat(traceId(request)).isEqualTo(CLIENTS_TRACE);
    assertThat(HexFormat.of().formatHex(request.getParentSpanId().toByteArray()))
        .isEqualTo(CLIENTS_SPAN);
    assertThat(request.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
  }

  @Test
  void whatTheClientDoesNotSampleIsNotSent() {
    traced("00").get("/orders/1").then().statusCode(404);
    given().get("/health").then().statusCode(200);
    given().get("/q/metrics").then().statusCode(200);
    Api.order("paid");
    receiver.await(span -> span.getName().equals("POST /orders"));
    receiver.await(span -> span.getName().equals("create order"));
    assertThat(receiver.spans(span -> true))
        .extracting(Span::getName)
        .containsExactlyInAnyOrder("POST /orders", "create order");
  }

  private static RequestSpecification traced(String flags) {
    return given().header("traceparent", "00-" + CLIENTS_TRACE + "-" + CLIENTS_SPAN + "-" + flags);
  }

  @Test
  void aFailureIsMarked() {
    database.run("ALTER TABLE orders RENAME COLUMN amount TO elsewhere");
    try {
      Api.order("paid").then().statusCode(500);
    } finally {
      database.run("ALTER TABLE orders RENAME COLUMN elsewhere TO amount");
    }
    Span request = receiver.await(span -> span.getName().equals("POST /orders"));
    assertThat(request.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
    assertThat(attribute(request, "error.type")).isEqualTo("500");
    Span statement = receiver.await(span -> span.getName().equals("create order"));
    assertThat(attribute(statement, "error.type")).contains("PgException");
  }

  @Test
  void aSharedStatementIsLinkedWithItsRequests() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(32);
    await()
        .until(
            () -> {
              List<Callable<Response>> burst = Collections.nCopies(64, () -> Api.order("paid"));
              for (Future<Response> each : clients.invokeAll(burst)) {
                assertThat(each.get().statusCode()).isEqualTo(201);
              }
              return !receiver.spans(span -> span.getName().equals("create orders")).isEmpty();
            });
    clients.shutdown();
    Span shared = receiver.await(span -> span.getName().equals("create orders"));
    assertThat(shared.getParentSpanId().isEmpty()).as("a part of none of them").isTrue();
    Set<String> linked =
        shared.getLinksList().stream()
            .map(link -> HexFormat.of().formatHex(link.getSpanId().toByteArray()))
            .collect(Collectors.toSet());
    assertThat(linked).hasSizeGreaterThan(1);
    assertThat(attribute(shared, "db.operation.batch.size"))
        .isEqualTo(String.valueOf(linked.size()));
    for (String request : linked) {
      Span found = receiver.await(span -> spanId(span).equals(request));
      assertThat(found.getName()).isEqualTo("POST /orders");
      assertThat(traceId(found)).isNotEqualTo(traceId(shared));
      assertThat(found.getLinksList())
          .singleElement()
          .satisfies(link -> assertThat(link.getSpanId()).isEqualTo(shared.getSpanId()));
    }
  }

  @Test
  void aBatchHasItsStatement() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(1500);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    Span batch =
        receiver.await(
            span ->
                span.getName().equals("batch forward")
                    && attribute(span, "backfill.batch.changed").matches("[1-9].*"));
    assertThat(attribute(batch, "migration")).isEqualTo("orders-status");
    assertThat(attribute(batch, "backfill.batch.status")).isEqualTo("WORKED");
    Span statement =
        receiver.await(
            span ->
                span.getName().equals("batch of rows")
                    && span.getParentSpanId().equals(batch.getSpanId()));
    assertThat(traceId(statement)).isEqualTo(traceId(batch));
  }

  @Test
  void aStepHasItsGatesAndItsDrain() throws Exception {
    database.reset();
    engine.ask(0);
    engine.beat();
    assertThat(engine.ask(1)).isEqualTo(1);
    engine.beat();
    Span step = receiver.await(span -> span.getName().startsWith("step "));
    assertThat(attribute(step, "migration")).isEqualTo("orders-status");
    assertThat(attribute(step, "migration.epoch")).isEqualTo("1");
    Span drain = receiver.await(span -> span.getName().equals("drain"));
    assertThat(drain.getParentSpanId()).isEqualTo(step.getSpanId());
    assertThat(traceId(drain)).isEqualTo(traceId(step));
    assertThat(drain.getEndTimeUnixNano()).isGreaterThan(drain.getStartTimeUnixNano());
    List<Span> gates = receiver.spans(span -> span.getName().startsWith("gate "));
    assertThat(gates)
        .extracting(Span::getName)
        .containsExactlyInAnyOrder(
            "gate definition", "gate new-column", "gate unique-key", "gate instances-dual-write");
    assertThat(gates)
        .allSatisfy(
            gate -> {
              assertThat(gate.getParentSpanId()).isEqualTo(step.getSpanId());
              assertThat(gate.getEndTimeUnixNano()).isLessThanOrEqualTo(step.getEndTimeUnixNano());
            });
    JsonObject evidence = new JsonObject(database.one("SELECT evidence FROM migration_history"));
    assertThat(evidence.getString("traceparent"))
        .isEqualTo("00-%s-%s-01".formatted(traceId(step), spanId(step)));
  }

  @Test
  void anAttemptThatTakesNoStepIsNotSent() {
    engine.ask(2);
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    Api.order("paid");
    receiver.await(span -> span.getName().equals("POST /orders"));
    assertThat(receiver.spans(span -> span.getName().matches("(step|gate).*"))).isEmpty();
  }

  @Test
  void whatWasTakenIsCounted() {
    Api.order("paid");
    receiver.await(span -> span.getName().equals("POST /orders"));
    await()
        .until(
            () ->
                MetricsScrape.of(given().get("/q/metrics").asString())
                        .families("tracing_.*")
                        .equals(documented())
                    && given()
                        .get("/q/metrics")
                        .asString()
                        .lines()
                        .anyMatch(line -> line.matches("tracing_spans_exported_total [1-9].*")));
  }

  private static Map<String, String> documented() {
    return ReferencePage.read(Path.of("docs/reference.md"))
        .rows("tracing metric")
        .collect(
            Collectors.toMap(
                row -> ReferencePage.code(row.get(0)),
                row -> row.get(1) + " " + ReferencePage.inside(row.get(2))));
  }

  @Test
  void bucketsNameTheTraceOfARequest() {
    Api.order("paid");
    Span request = receiver.await(span -> span.getName().equals("POST /orders"));
    String metrics =
        given()
            .accept("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .get("/q/metrics")
            .asString();
    assertThat(metrics.lines())
        .filteredOn(line -> line.startsWith("http_server_requests_seconds_bucket"))
        .anyMatch(line -> line.contains("# {span_id=\"" + spanId(request)));
  }
}
