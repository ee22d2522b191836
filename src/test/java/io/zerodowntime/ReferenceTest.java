package io.zerodowntime;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.app.Main;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.ReferencePage;
import io.zerodowntime.testing.ReferenceSources;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Proves that docs/reference.md lists the calls, commands, settings and problems that there are.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ReferenceTest {
  /** Commands that show every migration if none is named. */
  private static final Set<String> SHOW_ALL = Set.of("plan", "status");

  private static final ReferencePage PAGE = ReferencePage.read(Path.of("docs/reference.md"));

  /** Resources that other tests add to the program. */
  private static final String OF_TESTS = "/(login-probe|orders-stalling)(/.*)?";

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @Test
  void listsEveryCall() {
    assertThat(PAGE.codes("call").filter(call -> !call.contains(" /q/")))
        .map(call -> call.replaceAll("\\?.*", ""))
        .containsExactlyInAnyOrderElementsOf(calls());
    assertThat(PAGE.codes("call").filter(call -> call.contains(" /q/")).toList())
        .hasSizeGreaterThan(4)
        .allSatisfy(call -> given().get(call.split(" ", 2)[1]).then().statusCode(200));
  }

  @Test
  void listsTheParametersOfTheList() {
    JsonPath description = JsonPath.from(given().get("/q/openapi?format=json").asString());
    Set<String> named =
        Set.copyOf(
            description.getList(
                "paths.'/orders'.get.parameters.findAll { it.in == 'query' }.name", String.class));
    String list =
        PAGE.codes("call")
            .filter(call -> call.startsWith("GET /orders?"))
            .findFirst()
            .orElseThrow();
    assertThat(list.split("\\?", 2)[1].split("=&?", 0)).containsExactlyInAnyOrderElementsOf(named);
  }

  /** A call that needs a role is refused without one. */
  @Test
  void saysWhichCallsNeedARole() {
    assertThat(PAGE.rows("call").filter(row -> row.get(1).matches("viewer|operator")).toList())
        .hasSizeGreaterThan(10)
        .allSatisfy(
            row -> {
              String[] call = ReferencePage.code(row.get(0)).split(" ", 2);
              String path = call[1].replace("{name}", "orders-status");
              given().request(call[0], path).then().statusCode(401);
              if (row.get(1).equals("operator")) {
                Api.viewer().request(call[0], path).then().statusCode(403);
              }
            });
  }

  private static Set<String> calls() {
    JsonObject paths =
        new JsonObject(given().get("/q/openapi?format=json").asString()).getJsonObject("paths");
    return paths.fieldNames().stream()
        .filter(path -> !path.matches(OF_TESTS))
        .flatMap(
            path ->
                paths.getJsonObject(path).fieldNames().stream()
                    .filter(member -> member.matches("get|post|put|patch|delete|head|options"))
                    .map(method -> method.toUpperCase(Locale.ROOT) + " " + path))
        .collect(Collectors.toSet());
  }

  @Test
  void listsEveryMemberOfTheStatus() throws Exception {
    walk();
    JsonObject status = new JsonObject(Api.status().asString());
    assertThat(PAGE.codes("status")).containsExactlyInAnyOrderElementsOf(status.fieldNames());
    assertThat(PAGE.codes("run"))
        .containsExactlyInAnyOrderElementsOf(status.getJsonObject("backfill").fieldNames());
  }

  @Test
  void listsEveryCommand() {
    PrintStream before = System.out;
    ByteArrayOutputStream help = new ByteArrayOutputStream();
    System.setOut(new PrintStream(help, true, StandardCharsets.UTF_8));
    try {
      Main.main("--help");
    } finally {
      System.setOut(before);
    }
    assertThat(PAGE.codes("command").map(command -> command.replaceAll(" .*", "")))
        .containsExactlyInAnyOrderElementsOf(
            ReferenceSources.commands(help.toString(StandardCharsets.UTF_8)))
        .containsAll(ReferenceSources.commandBeans());
    assertThat(
            PAGE.codes("command")
                .filter(command -> command.contains(" [migration]"))
                .map(command -> command.replaceAll(" .*", "")))
        .containsAll(ReferenceSources.commandsOfOneMigration())
        .hasSize(ReferenceSources.commandsOfOneMigration().size() + SHOW_ALL.size())
        .containsAll(SHOW_ALL);
  }

  @Test
  void listsEverySetting() {
    Map<String, String> documented = new TreeMap<>();
    Set<String> alone = new TreeSet<>();
    PAGE.rows("variable")
        .forEach(
            row -> {
              String variable = ReferencePage.code(row.get(0));
              if (row.get(1).isBlank()) {
                alone.add(variable);
              } else {
                documented.put(
                    ReferencePage.code(row.get(1)),
                    variable + " " + row.get(2).replaceAll("`|^none$", ""));
              }
            });
    assertThat(documented)
        .containsExactlyInAnyOrderEntriesOf(ReferenceSources.settings(MigrationConfig.class));
    assertThat(alone).containsExactlyInAnyOrderElementsOf(ReferenceSources.variables());
  }

  @Test
  void listsEveryProblem() {
    assertThat(
            PAGE.rows("problem")
                .map(row -> ReferencePage.code(row.get(0)) + " " + row.get(1) + " " + row.get(2)))
        .containsExactlyInAnyOrderElementsOf(ReferenceSources.problems());
  }

  /** To phase 1, with a backfill and a comparison, so that no member of the status is missing. */
  private void walk() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    engine.compare();
  }
}
