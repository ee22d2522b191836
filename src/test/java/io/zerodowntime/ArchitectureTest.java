package io.zerodowntime;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.smallrye.mutiny.groups.UniAwait;
import io.zerodowntime.cli.CommandRunner;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.migration.phase.PhaseFence;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Who may see whom. ARCHITECTURE.md says why; each rule says what to do instead. */
@AnalyzeClasses(packages = "io.zerodowntime", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.zerodowntime.";
  private static final String ENGINE = ROOT + "migration";
  private static final List<String> PARTS =
      List.of(
          "flag",
          "phase",
          "backfill",
          "parity",
          "gate",
          "contract",
          "schema",
          "status",
          "telemetry",
          "rest");

  @ArchTest
  static final ArchRule PLATFORM_SEES_NOBODY =
      noClasses()
          .that(resideInAPackage(ROOT + "platform.."))
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.zerodowntime..").and(not(resideInAPackage(ROOT + "platform.."))))
          .because(
              "platform knows neither orders nor migrations: hand it what it needs as a parameter,"
                  + " or move the class to the package that needs both");

  @ArchTest
  static final ArchRule THE_VOCABULARY_SEES_THE_PLATFORM_ONLY =
      noClasses()
          .that(resideInAPackage(ENGINE))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                  ENGINE + ".*..", ROOT + "orders..", ROOT + "cli..", "io.zerodowntime"))
          .because(
              "every part of the engine speaks these words: declare an interface here and implement"
                  + " it in the part (as StateSource, Gatekeeper and RequestSource are)");

  @ArchTest
  static final ArchRule THE_ENGINE_KNOWS_NO_DOMAIN =
      noClasses()
          .that(resideInAPackage(ENGINE + ".."))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(ROOT + "orders..", ROOT + "cli..", "io.zerodowntime"))
          .because(
              "the engine moves any table: say it in a Migration, or tell it by a listener; never"
                  + " name orders in it");

  @ArchTest static final ArchRule FLAG = part("flag");
  @ArchTest static final ArchRule PHASE = part("phase");
  @ArchTest static final ArchRule GATE = part("gate");
  @ArchTest static final ArchRule BACKFILL = part("backfill");
  @ArchTest static final ArchRule PARITY = part("parity", "backfill");
  @ArchTest static final ArchRule SCHEMA = part("schema", "phase");
  @ArchTest static final ArchRule CONTRACT = part("contract", "phase", "schema");

  @ArchTest static final ArchRule STATUS = shows("status", "telemetry", "rest");
  @ArchTest static final ArchRule TELEMETRY = shows("telemetry", "rest");
  @ArchTest static final ArchRule REST = shows("rest", "telemetry");

  @ArchTest
  static final ArchRule THE_ENGINE_HAS_NO_CYCLES =
      slices()
          .matching(ENGINE + ".(*)..")
          .should()
          .beFreeOfCycles()
          .because("parts that need each other are one part: move what they share to the root");

  @ArchTest
  static final ArchRule ORDERS_SEE_THE_FENCE_ONLY =
      noClasses()
          .that(resideInAPackage(ROOT + "orders.."))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(ENGINE + ".*..", ROOT + "cli..", "io.zerodowntime")
                  .and(not(belongToAnyOf(PhaseFence.class, FencedResult.class))))
          .because(
              "a domain writes and reads through PhaseFence and defines a Migration; whatever else"
                  + " it wants of the engine belongs into an interface in"
                  + " io.zerodowntime.migration");

  @ArchTest
  static final ArchRule COMMANDS_ARE_THIN =
      noClasses()
          .that(resideInAPackage(ROOT + "cli.."))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(ROOT + "orders..", ENGINE + ".rest..", ENGINE + ".telemetry.."))
          .because("a command calls the same service as the REST call: put what they share there");

  @ArchTest
  static final ArchRule ONLY_TELEMETRY_SEES_THE_METERS =
      noClasses()
          .that(not(resideInAPackage("..telemetry..")))
          .should()
          .dependOnClassesThat(resideInAnyPackage("io.micrometer..", "io.opentelemetry.."))
          .because(
              "names of meters are a contract and stand in one place: call a listener"
                  + " (MigrationListener, OrderListener) and count in *.telemetry");

  @ArchTest
  static final ArchRule NOBODY_WAITS =
      noClasses()
          .that(not(belongToAnyOf(CommandRunner.class)))
          .should()
          .dependOnClassesThat(belongToAnyOf(UniAwait.class))
          .because("waiting blocks an event loop: return the Uni and let the caller chain on it");

  @ArchTest
  static final ArchRule NO_STATIC_STATE =
      noFields()
          .that()
          .areStatic()
          .should()
          .notBeFinal()
          .because("static state outlives a test and a request: make it a field of a bean");

  @ArchTest
  static final ArchRule ONE_LOGGER =
      noClasses()
          .that(not(belongToAnyOf(Main.class)))
          .should()
          .dependOnClassesThat(resideInAPackage("java.util.logging"))
          .because(
              "org.jboss.logging.Logger is what Quarkus configures, in a native executable too;"
                  + " only Main silences the log before the boot");

  private static ArchRule part(String name, String... seen) {
    List<String> allowed = Stream.concat(Stream.of(name), Arrays.stream(seen)).toList();
    return without(name, PARTS.stream().filter(part -> !allowed.contains(part)).toList());
  }

  private static ArchRule shows(String name, String... unseen) {
    return without(name, List.of(unseen));
  }

  private static ArchRule without(String name, List<String> unseen) {
    String[] packages =
        unseen.stream().map(part -> ENGINE + "." + part + "..").toArray(String[]::new);
    return noClasses()
        .that(resideInAPackage(ENGINE + "." + name + ".."))
        .should()
        .dependOnClassesThat(resideInAnyPackage(packages))
        .because(
            "parts of the engine meet through the interfaces of io.zerodowntime.migration and"
                + " through the database: declare there what "
                + name
                + " needs, and let the other part implement it");
  }
}
