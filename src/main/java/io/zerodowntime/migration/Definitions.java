package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.DurationConverter;
import io.zerodowntime.migration.DefinitionFile.Computed;
import io.zerodowntime.migration.DefinitionFile.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the definitions of migrations. Whatever is wrong with a file is said in one line that names
 * the file, the key and what is expected.
 */
final class Definitions {
  /** The definitions of this program's own tables, on the class path. */
  static final String SHIPPED = "migrations.yaml";

  private static final int MAX_BATCH_SIZE = 100_000;
  private static final Pattern DURATION = Pattern.compile("[0-9]{1,9}(ms|[smhdSMHD])");

  /** What is expected at a key, by its name. */
  private static final Map<String, String> EXPECTED =
      Map.ofEntries(
          Map.entry("migrations", "a map of definitions by name"),
          Map.entry("table", "a name, such as orders, public.orders or '\"My Schema\".\"Order\"'"),
          Map.entry("key", "a list of column names, such as [id]"),
          Map.entry("old", "columns with their expressions, such as {old_status: upper(status)}"),
          Map.entry("new", "columns with their expressions, such as {status: lower(old_status)}"),
          Map.entry("indexes", "lists of names, such as {new: [orders_status_idx], old: []}"),
          Map.entry("batch-size", "an integer from 1 to " + MAX_BATCH_SIZE),
          Map.entry("target-load", "a number above 0 and up to 1"),
          Map.entry("backfill", "batch-size, target-load or both"),
          Map.entry("soak", "a duration, such as 24h, 30m or 0s"),
          Map.entry("restore-names", "true or false"),
          Map.entry("sync", "true, false or detect"));

  private static final ObjectMapper YAML = mapper();

  private final String file;

  private Definitions(String file) {
    this.file = file;
  }

  /** Nothing is guessed: no second value of a key wins, no number is a name. */
  private static ObjectMapper mapper() {
    YAMLMapper.Builder builder =
        YAMLMapper.builder(
                YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .defaultSetterInfo(JsonSetter.Value.construct(Nulls.DEFAULT, Nulls.FAIL));
    for (CoercionInputShape shape :
        List.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)) {
      builder.withCoercionConfig(
          LogicalType.Textual, config -> config.setCoercion(shape, CoercionAction.Fail));
    }
    return builder.build();
  }

  /**
   * The migrations that a file defines, in the order of their names.
   *
   * @param file the path; empty for what is shipped
   * @throws ConfigurationException if the file cannot be read or is malformed, in one line
   */
  static List<Migration> read(Optional<String> file) {
    try {
      return parse(file.orElse(SHIPPED), file.isPresent() ? text(file.get()) : shipped());
    } catch (IOException e) {
      throw new ConfigurationException(
          "MIGRATIONS_FILE: %s cannot be read: %s".formatted(file.orElse(SHIPPED), e), e);
    }
  }

  private static String text(String file) throws IOException {
    return Files.readString(Path.of(file));
  }

  private static String shipped() throws IOException {
    try (InputStream in = Definitions.class.getResourceAsStream("/" + SHIPPED)) {
      return new String(Objects.requireNonNull(in, SHIPPED).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** The same from a text; {@code file} is its name in messages. */
  static List<Migration> parse(String file, String text) {
    return new Definitions(file).migrations(text);
  }

  private List<Migration> migrations(String text) {
    DefinitionFile read;
    try {
      read = YAML.readValue(text, DefinitionFile.class);
    } catch (JsonProcessingException e) {
      JsonProcessingException cause =
          e.getCause() instanceof JsonProcessingException inner ? inner : e;
      throw cause instanceof JsonMappingException mapping
          ? refused(mapping, path(mapping), expectation(mapping))
          : refused(cause, "not YAML", cause.getOriginalMessage().replaceAll("\\s+", " "));
    }
    if (read == null || read.migrations() == null || read.migrations().isEmpty()) {
      throw missing("migrations");
    }
    List<Migration> all =
        read.migrations().entrySet().stream()
            .map(entry -> migration(entry.getKey(), entry.getValue()))
            .sorted(Comparator.comparing(Migration::name))
            .toList();
    all.forEach(
        one ->
            all.stream().filter(other -> isBeside(one, other)).forEach(other -> apart(one, other)));
    return all;
  }

  private static boolean isBeside(Migration one, Migration other) {
    return !one.name().equals(other.name()) && one.table().equals(other.table());
  }

  private void apart(Migration one, Migration other) {
    one.collision(other)
        .ifPresent(
            moved -> {
              throw wrong(
                  "migrations." + one.name(),
                  "moves column %s of %s, which %s names too"
                      .formatted(moved, one.table(), other.name()));
            });
  }

  private Migration migration(String name, Entry entry) {
    String at = "migrations." + name;
    List<ComputedColumn> oldColumns = columns(at + ".old", entry.oldColumns());
    if (oldColumns.stream().anyMatch(column -> column.type().isPresent())) {
      throw wrong(at + ".old", "no type: the column exists");
    }
    Optional<DefinitionFile.Indexes> indexes = Optional.ofNullable(entry.indexes());
    try {
      return new Migration(
          name,
          given(at + ".table", entry.table()),
          given(at + ".key", entry.key()),
          oldColumns,
          columns(at + ".new", entry.newColumns()),
          indexes.map(DefinitionFile.Indexes::newIndexes).orElse(List.of()),
          indexes.map(DefinitionFile.Indexes::oldIndexes).orElse(List.of()),
          options(at, entry));
    } catch (IllegalArgumentException e) {
      throw wrong(at, String.valueOf(e.getMessage()));
    }
  }

  private Migration.Options options(String at, Entry entry) {
    Optional<DefinitionFile.Limits> limits = Optional.ofNullable(entry.backfill());
    Optional<Integer> batchSize = limits.map(DefinitionFile.Limits::batchSize);
    Optional<Double> targetLoad = limits.map(DefinitionFile.Limits::targetLoad);
    if (batchSize.filter(size -> size < 1 || size > MAX_BATCH_SIZE).isPresent()) {
      throw missing(at + ".backfill.batch-size");
    }
    if (targetLoad.filter(load -> !(load > 0 && load <= 1)).isPresent()) {
      throw missing(at + ".backfill.target-load");
    }
    return new Migration.Options(
        soak(at, entry.soak()),
        batchSize,
        targetLoad,
        Boolean.TRUE.equals(entry.restoreNames()),
        Optional.ofNullable(entry.sync()).orElse(Sync.OFF));
  }

  private Optional<Duration> soak(String at, @Nullable String text) {
    if (text != null && !DURATION.matcher(text).matches()) {
      throw missing(at + ".soak");
    }
    return Optional.ofNullable(text).map(DurationConverter::parseDuration);
  }

  private List<ComputedColumn> columns(String at, @Nullable Map<String, Computed> columns) {
    if (columns == null || columns.isEmpty()) {
      throw missing(at);
    }
    return columns.entrySet().stream()
        .map(
            column -> {
              Optional<String> type = Optional.ofNullable(column.getValue().type());
              if (type.filter(String::isBlank).isPresent()) {
                throw missing(at);
              }
              return new ComputedColumn(column.getKey(), given(at, column.getValue().as()), type);
            })
        .toList();
  }

  private <T> T given(String at, @Nullable T value) {
    if (value == null) {
      throw missing(at);
    }
    return value;
  }

  private ConfigurationException missing(String at) {
    return wrong(at, "expected " + EXPECTED.get(at.substring(at.lastIndexOf('.') + 1)));
  }

  private ConfigurationException wrong(String at, String reason) {
    return new ConfigurationException("%s: %s: %s".formatted(file, at, reason));
  }

  private ConfigurationException refused(JsonProcessingException e, String at, String reason) {
    // an unknown key is seen at the end of its object: its path says more
    JsonLocation location = e instanceof UnrecognizedPropertyException ? null : e.getLocation();
    String line = location == null ? "" : ", line " + location.getLineNr();
    return new ConfigurationException("%s%s: %s: %s".formatted(file, line, at, reason), e);
  }

  private static String path(JsonMappingException e) {
    return e.getPath().isEmpty()
        ? "migrations"
        : e.getPath().stream()
            .map(each -> each.getFieldName() == null ? "[]" : each.getFieldName())
            .collect(Collectors.joining("."));
  }

  private static String expectation(JsonMappingException e) {
    if (e instanceof UnrecognizedPropertyException unknown) {
      return "unknown; expected "
          + Objects.requireNonNull(unknown.getKnownPropertyIds()).stream()
              .map(String::valueOf)
              .sorted()
              .collect(Collectors.joining(", "));
    }
    String expected = Objects.requireNonNull(EXPECTED.get("migrations"));
    for (JsonMappingException.Reference each : e.getPath()) {
      if (!expected.equals(EXPECTED.get("indexes"))) {
        expected = EXPECTED.getOrDefault(String.valueOf(each.getFieldName()), expected);
      }
    }
    return "expected " + expected;
  }
}
