package io.zerodowntime.testing;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the sources of the program read and name. */
public final class ReferenceSources {
  private static final Path MAIN = Path.of("src/main/java");
  private static final Path COMMANDS = MAIN.resolve("io/zerodowntime/app/cli");
  private static final Pattern COMMAND_NAME = Pattern.compile("name\\(\\) \\{\\s+return \"(.+)\";");
  private static final Pattern HELP_LINE = Pattern.compile("(?m)^ +(?:-h, )?([a-z-]+)  +[A-Z]");
  private static final Pattern EXPRESSION = Pattern.compile("\\$\\{([A-Z_]+):([^}]*)}");
  private static final Pattern NAME = Pattern.compile("\"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\"");
  private static final Pattern CONFIG =
      Pattern.compile(
          "@ConfigProperty\\(\\s*name = \"([^\"]+)\"(?:,\\s*defaultValue = \"([^\"]*)\")?");
  private static final Pattern GETENV = Pattern.compile("getenv\\(\"(\\w+)\"\\)");
  private static final Pattern METER =
      Pattern.compile(
          "(?:(?:Gauge|Counter|Timer|Summary)\\.builder|\\.(?:counter|summary|timer|gauge)|gauge)"
              + "\\(\\s*(?:registry, )?\"([a-z._]+)\"");
  private static final Pattern PROBLEM =
      Pattern.compile("\\bof\\(\\s*(\\d{3}),\\s*\"([a-z-]+)\",\\s*\"([^\"]+)\"\\)");
  private static final Pattern STATUS = Pattern.compile("Map\\.entry\\((\\d{3}), ");

  /** Names in capitals that are no settings: a file of PostgreSQL, an error of Redis' client. */
  private static final Set<String> NO_SETTINGS = Set.of("PG_VERSION", "CONNECTION_CLOSED");

  private ReferenceSources() {}

  private static List<String> sources(Path root) {
    try (Stream<Path> tree = Files.walk(root)) {
      return tree.filter(file -> file.toString().endsWith(".java"))
          .map(ReferenceSources::text)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<MatchResult> found(Path root, Pattern pattern) {
    return sources(root).stream().flatMap(source -> pattern.matcher(source).results());
  }

  /** The commands that the help lists. */
  public static Set<String> commands(String help) {
    return HELP_LINE.matcher(help).results().map(m -> m.group(1)).collect(Collectors.toSet());
  }

  /** The names of the classes that run a command. */
  public static Set<String> commandBeans() {
    return found(COMMANDS, COMMAND_NAME).map(m -> m.group(1)).collect(Collectors.toSet());
  }

  /** Those of them that take the name of a migration. */
  public static Set<String> commandsOfOneMigration() {
    return sources(COMMANDS).stream()
        .filter(source -> source.contains("MigrationArgument.of("))
        .flatMap(source -> COMMAND_NAME.matcher(source).results())
        .map(m -> m.group(1))
        .collect(Collectors.toSet());
  }

  /** Each setting by its property: the variable, and the default outside of development. */
  public static Map<String, String> settings(Class<?>... mappings) {
    Map<String, String> settings = new TreeMap<>();
    found(MAIN, CONFIG)
        .filter(m -> isOurs(m.group(1)))
        .forEach(m -> settings.put(m.group(1), variable(m.group(1)) + " " + orEmpty(m.group(2))));
    for (Class<?> mapping : mappings) {
      mapped(mapping.getAnnotation(ConfigMapping.class).prefix(), mapping, settings);
    }
    Properties properties = properties();
    for (String property : properties.stringPropertyNames()) {
      String value = properties.getProperty(property);
      Matcher expression = EXPRESSION.matcher(value);
      if (expression.matches() && !property.startsWith("%")) {
        settings.put(property, expression.group(1) + " " + expression.group(2));
      } else if (isOurs(property)) {
        settings.put(property, variable(property) + " " + value);
      }
    }
    settings.remove("database.pools"); // a map: its members are in the properties
    return settings;
  }

  private static boolean isOurs(String property) {
    return property.contains(".") && !property.matches("(%|quarkus\\.|mp\\.|zerodowntime\\.).*");
  }

  private static void mapped(String prefix, Class<?> mapping, Map<String, String> settings) {
    for (Method method : mapping.getDeclaredMethods()) {
      String property =
          prefix + "." + method.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      WithDefault value = method.getAnnotation(WithDefault.class);
      if (method.getReturnType().isInterface()) {
        mapped(property, method.getReturnType(), settings);
      } else {
        settings.put(property, variable(property) + " " + (value == null ? "" : value.value()));
      }
    }
  }

  private static String variable(String property) {
    return property.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
  }

  private static String orEmpty(String value) {
    return value == null ? "" : value;
  }

  private static Properties properties() {
    Properties properties = new Properties();
    try (var in = Files.newInputStream(Path.of("src/main/resources/application.properties"))) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }

  /** Variables that are read without a property of their own. */
  public static Set<String> variables() {
    Set<String> variables = new TreeSet<>();
    Stream.of(NAME, GETENV).flatMap(p -> found(MAIN, p)).forEach(m -> variables.add(m.group(1)));
    found(MAIN, CONFIG).map(m -> m.group(1)).filter(n -> !n.contains(".")).forEach(variables::add);
    settings().values().forEach(setting -> variables.remove(setting.split(" ", 2)[0]));
    variables.removeAll(NO_SETTINGS);
    return variables;
  }

  /** Every problem: name, status, title. */
  public static Set<String> problems() {
    Set<String> problems =
        found(MAIN, PROBLEM)
            .map(m -> m.group(2) + " " + m.group(1) + " " + m.group(3))
            .collect(Collectors.toCollection(TreeSet::new));
    found(MAIN.resolve("io/zerodowntime/http"), STATUS)
        .map(m -> Response.Status.fromStatusCode(Integer.parseInt(m.group(1))))
        .forEach(
            status ->
                problems.add(
                    status.getReasonPhrase().toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-")
                        + " "
                        + status.getStatusCode()
                        + " "
                        + status.getReasonPhrase()));
    return problems;
  }

  /** The names by which the sources make meters, as Prometheus shows them. */
  public static Set<String> meters() {
    return found(MAIN, METER).map(m -> m.group(1).replace('.', '_')).collect(Collectors.toSet());
  }

  /** A pattern of the metrics that alerts and the dashboard ask for. */
  public static String monitored() {
    return Stream.of("rules.yaml", "dashboard.json")
        .map(file -> text(Path.of("src/main/monitoring").resolve(file)))
        .flatMap(text -> Pattern.compile("\\b[a-z]+(?:_[a-z]+)+\\b").matcher(text).results())
        .map(m -> m.group().replaceAll("_(bucket|count|sum|max)$", ""))
        .distinct()
        .collect(Collectors.joining("|"));
  }
}
