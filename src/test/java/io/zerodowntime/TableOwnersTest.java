package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Proves that each table is written by the package that owns it and by no other. */
class TableOwnersTest {
  private static final Path SOURCES = Path.of("src/main/java/io/zerodowntime");
  private static final Path CHANGELOGS = Path.of("liquibase");

  /** Written by instances of a former version only, or by a function of the changelogs. */
  private static final String NO_SOURCE = "none";

  private static final Map<String, String> OWNERS =
      Map.ofEntries(
          Map.entry("migration_state", "migration/phase"),
          Map.entry("migration_instance", "migration/phase"),
          Map.entry("migration_history", "migration/phase"),
          Map.entry("backfill_run", "migration/backfill"),
          Map.entry("backfill_progress", "migration/backfill"),
          Map.entry("parity_mismatch", "migration/parity"),
          Map.entry("parity_shadow_instance", "migration/parity"),
          Map.entry("parity_shadow", NO_SOURCE),
          Map.entry("orders", "orders"),
          Map.entry("idempotency_key", "orders"),
          Map.entry("unfenced_writer", NO_SOURCE));

  /** The text of changelogs, as those in {@link #CHANGELOGS}: printed, and not sent. */
  private static final String TEMPLATES = "ChangesetSql.java";

  private static final Pattern WRITE =
      Pattern.compile(
          "\\b(?:INSERT\\s+INTO|UPDATE(?:\\s+ONLY)?|DELETE\\s+FROM|TRUNCATE(?:\\s+TABLE)?|MERGE\\s+INTO"
              + "|COPY)\\s+([a-z][a-z_]*)");
  private static final Pattern CREATE = Pattern.compile("(?i)CREATE\\s+TABLE\\s+([a-z_]+)");
  private static final Pattern COMMENT = Pattern.compile("(?s)/\\*.*?\\*/|//[^\\n]*");

  @Test
  void everyWriteIsTheOwners() {
    Map<String, String> wrong = new TreeMap<>();
    for (Path source : files(SOURCES, ".java")) {
      String room = SOURCES.relativize(source.getParent()).toString();
      written(source)
          .filter(table -> OWNERS.containsKey(table) && !OWNERS.get(table).equals(room))
          .forEach(
              table ->
                  wrong.put(
                      source.getFileName() + " writes " + table,
                      "ask the package " + OWNERS.get(table) + " to do it"));
    }

    assertThat(wrong).isEmpty();
  }

  @Test
  void everyOwnerWrites() {
    TreeSet<String> written = new TreeSet<>();
    files(SOURCES, ".java").forEach(source -> written(source).forEach(written::add));

    assertThat(written)
        .as("tables that the sources write; a table unknown here has no owner yet")
        .containsAll(
            OWNERS.keySet().stream().filter(each -> !OWNERS.get(each).equals(NO_SOURCE)).toList());
  }

  @Test
  void everyTableHasAnOwner() {
    TreeSet<String> created = new TreeSet<>();
    for (Path changelog : files(CHANGELOGS, ".sql")) {
      CREATE.matcher(read(changelog)).results().map(found -> found.group(1)).forEach(created::add);
    }

    assertThat(created).isEqualTo(new TreeSet<>(OWNERS.keySet()));
  }

  private static Stream<String> written(Path source) {
    if (source.endsWith(TEMPLATES)) {
      return Stream.empty();
    }
    String text = COMMENT.matcher(read(source)).replaceAll(" ");
    return WRITE.matcher(text).results().map((MatchResult found) -> found.group(1));
  }

  private static List<Path> files(Path directory, String suffix) {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(each -> each.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
