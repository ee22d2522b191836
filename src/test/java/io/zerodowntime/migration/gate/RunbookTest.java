package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.kubernetes.Manifests;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whoever is woken by an alert, or stands before a closed gate, finds a section about it. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class RunbookTest {
  private static final String RUNBOOK = Manifests.text(Path.of("docs/runbook.md"));
  private static final Pattern SQL = Pattern.compile("```sql\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]*)(?:#([^)]*))?\\)");

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @Test
  void hasASectionForEachGate() {
    Set<String> gates =
        new ClassFileImporter()
            .importPackagesOf(Gate.class).stream()
                .filter(type -> type.isAssignableTo(Gate.class) && !type.isInterface())
                .filter(
                    type ->
                        type.getModifiers().stream().noneMatch(m -> m.name().equals("ABSTRACT")))
                .map(type -> name(type.reflect()))
                .collect(Collectors.toSet());
    assertThat(gates).contains("drained", "no-dependents").hasSizeGreaterThan(15);
    assertThat(headings("### ")).containsAll(gates);
  }

  private static String name(Class<?> gate) {
    try {
      return ((Gate) gate.getDeclaredConstructor().newInstance()).name();
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(gate + " cannot be made", e);
    }
  }

  @Test
  void hasTheSectionThatEachAlertLinksTo() {
    JsonNode rules = Manifests.documents(Manifests.MONITORING.resolve("rules.yaml")).get(0);
    List<JsonNode> alerts =
        rules.findParents("alert").stream().filter(rule -> rule.has("expr")).toList();
    assertThat(alerts)
        .hasSizeGreaterThan(10)
        .allSatisfy(
            rule -> {
              String alert = rule.get("alert").asText();
              assertThat(rule.at("/labels/severity").asText()).isIn("critical", "warning", "info");
              assertThat(rule.at("/annotations/summary").asText()).isNotBlank();
              assertThat(rule.at("/annotations/runbook").asText())
                  .isEqualTo("docs/runbook.md#" + alert.toLowerCase(Locale.ROOT));
              assertThat(headings("### ")).contains(alert);
            });
  }

  @Test
  void linksToWhatIsThere() {
    for (String page : new String[] {"runbook.md", "kubernetes.md", "upgrading.md"}) {
      for (MatchResult link : LINK.matcher(doc(page)).results().toList()) {
        String target = link.group(1).isEmpty() ? page : link.group(1);
        assertThat(Path.of("docs").resolve(target)).as(page).exists();
        if (link.group(2) != null) {
          assertThat(anchors(doc(target))).as(page).contains(link.group(2));
        }
      }
    }
  }

  private static String doc(String page) {
    return Manifests.text(Path.of("docs").resolve(page));
  }

  private static List<String> anchors(String page) {
    return page.lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceAll("^#+ ", "").toLowerCase(Locale.ROOT).replace(' ', '-'))
        .toList();
  }

  private static List<String> headings(String level) {
    return RUNBOOK
        .lines()
        .filter(line -> line.startsWith(level))
        .map(line -> line.substring(level.length()))
        .toList();
  }

  @Test
  void saysSqlThatRuns() throws Exception {
    database.reset();
    List<String> blocks = SQL.matcher(RUNBOOK).results().map(found -> found.group(1)).toList();
    assertThat(blocks).hasSizeGreaterThan(3);
    blocks.stream().filter(sql -> sql.startsWith("SELECT")).forEach(database::run);
  }

  /** The last section of all, word for word. */
  @Test
  void bringsTheDroppedColumnBack() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
    engine.walkTo(3);
    assertThat(Api.order("after_all").statusCode()).isEqualTo(201);
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);

    String last = SQL.matcher(RUNBOOK).results().reduce((a, b) -> b).orElseThrow().group(1);
    last.lines().forEach(database::run);

    assertThat(engine.ask(2)).isEqualTo(2);
    engine.beat();
    assertThat(engine.ask(1)).as("the column is empty").isEqualTo(2);
    engine.backfill();
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    assertThat(database.mismatches()).isZero();
    assertThat(Api.find(2001).jsonPath().getString("status")).isEqualTo("after_all");
    assertThat(Api.order("and_on").statusCode()).isEqualTo(201);
  }
}
