package io.zerodowntime;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.smallrye.mutiny.groups.UniAwait;
import io.zerodowntime.app.Main;
import io.zerodowntime.app.cli.CommandRunner;
import io.zerodowntime.http.LogFilter;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.migration.phase.FencedResults;
import io.zerodowntime.migration.phase.PhaseFence;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** Who may see whom. ARCHITECTURE.md says why; each rule says what to do instead. */
@AnalyzeClasses(packages = "io.zerodowntime", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.zerodowntime.";
  private static final String ENGINE = ROOT + "migration";
  private static final List<String> PARTS =
      List.of("phase", "backfill", "parity", "gate", "schema", "plan", "status", "rest");

  @ArchTest static final ArchRule TRACING = alone("tracing");
  @ArchTest static final ArchRule DB = alone("db", "tracing");
  @ArchTest static final ArchRule REDIS = alone("redis", "db", "tracing");
  @ArchTest static final ArchRule HTTP = alone("http", "db", "redis", "tracing");

  @ArchTest static final ArchRule THE_EMBEDDED_DATABASE_IS_APART = alone("app.embedded");

  @ArchTest
  static final ArchRule NO_PACKAGE_SEES_THE_PROGRAM =
      noClasses()
          .that(not(resideInAPackage(ROOT + "app..")))
          .should()
          .dependOnClassesThat(resideInAPackage(ROOT + "app.."))
          .because("app puts the parts together: hand a part what it needs, or move the class");

  @ArchTest
  static final ArchRule THE_VOCABULARY_SEES_NO_PART =
      noClasses()
          .that(resideInAPackage(ENGINE))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(ENGINE + ".*..", ROOT + "orders..", ROOT + "http.."))
          .because(
              "every part of the engine speaks these words: declare an interface here and implement"
                  + " it in the part (as StateSource and GateEvaluator are)");

  @ArchTest
  static final ArchRule THE_ENGINE_KNOWS_NO_DOMAIN =
      noClasses()
          .that(resideInAPackage(ENGINE + ".."))
          .should()
          .dependOnClassesThat(resideInAPackage(ROOT + "orders.."))
          .because(
              "the engine moves any table: say it in a Migration, or tell it by a listener; never"
                  + " name orders in it");

  @ArchTest static final ArchRule PHASE = part("phase");
  @ArchTest static final ArchRule GATE = part("gate");
  @ArchTest static final ArchRule PARITY = part("parity");
  @ArchTest static final ArchRule BACKFILL = part("backfill", "parity");
  @ArchTest static final ArchRule SCHEMA = part("schema", "phase");
  @ArchTest static final ArchRule PLAN = part("plan", "schema");
  @ArchTest static final ArchRule STATUS = shows("status", "rest");

  @ArchTest
  static final ArchRule ONLY_REST_SPEAKS_HTTP =
      noClasses()
          .that(resideInAPackage(ENGINE + "..").and(not(resideInAPackage(ENGINE + ".rest.."))))
          .should()
          .dependOnClassesThat(resideInAPackage(ROOT + "http.."))
          .because("the engine refuses by MigrationException: MigrationProblems makes the problem");

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
              resideInAPackage(ENGINE + ".*..")
                  .and(
                      not(
                          belongToAnyOf(
                              PhaseFence.class, FencedResult.class, FencedResults.class))))
          .because(
              "a domain writes and reads through PhaseFence and defines a Migration; whatever else"
                  + " it wants of the engine belongs into an interface in"
                  + " io.zerodowntime.migration");

  @ArchTest
  static final ArchRule COMMANDS_ARE_THIN =
      noClasses()
          .that(resideInAPackage(ROOT + "app.cli.."))
          .should()
          .dependOnClassesThat(resideInAnyPackage(ROOT + "orders..", ENGINE + ".rest.."))
          .because("a command calls the same service as the REST call: put what they share there");

  @ArchTest
  static final ArchRule ONLY_METRICS_SEE_THE_METERS =
      noClasses()
          .that()
          .haveNameNotMatching(".*(Metrics|MeterFilter)(\\$.*)?")
          .should()
          .dependOnClassesThat(resideInAPackage("io.micrometer.."))
          .because(
              "names of meters are a contract and stand in few places: call a listener"
                  + " (MigrationListener) or the class named *Metrics of the same package");

  @ArchTest
  static final ArchRule ONLY_TRACING_SEES_OPENTELEMETRY =
      noClasses()
          .that(not(resideInAPackage(ROOT + "tracing..")))
          .should()
          .dependOnClassesThat(resideInAPackage("io.opentelemetry.."))
          .because("where nothing is traced nothing of it may be loaded: use a Trace, or null");

  @ArchTest
  static final ArchRule NO_CLASS_WAITS =
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
          .that(not(belongToAnyOf(Main.class, LogFilter.class)))
          .should()
          .dependOnClassesThat(resideInAPackage("java.util.logging"))
          .because(
              "org.jboss.logging.Logger is what Quarkus configures, in a native executable too;"
                  + " only Main silences the log before the boot");

  @ArchTest
  static final ArchRule NULL_IS_DECLARED =
      classes()
          .should()
          .resideInAPackage("io.zerodowntime..")
          .andShould(
              new ArchCondition<>("reside in a package annotated with @NullMarked") {
                @Override
                public void check(JavaClass found, ConditionEvents events) {
                  if (!found.getPackage().isAnnotatedWith(NullMarked.class)) {
                    events.add(
                        SimpleConditionEvent.violated(
                            found, found.getPackage().getName() + " is not @NullMarked"));
                  }
                }
              })
          .because("NullAway checks what is marked: give the package a package-info.java");

  private static ArchRule alone(String name, String... seen) {
    String[] allowed =
        Stream.concat(Stream.of(name), Arrays.stream(seen))
            .map(each -> ROOT + each + "..")
            .toArray(String[]::new);
    return noClasses()
        .that(resideInAPackage(ROOT + name + ".."))
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.zerodowntime..").and(not(resideInAnyPackage(allowed))))
        .because(
            name
                + " knows neither orders nor migrations: hand it what it needs as a parameter, or"
                + " move the class to the package that needs both");
  }

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
