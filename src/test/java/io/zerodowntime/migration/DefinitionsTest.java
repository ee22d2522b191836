package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of definitions: what is read, what is refused, and that the published schema agrees. */
class DefinitionsTest {
  private static final String FULL =
      """
      migrations:
        orders-status:
          table: public.orders
          key: [id]
          old: {old_status: "upper(status)"}
          new: {status: {type: varchar(50), as: "lower(old_status)"}}
          indexes: {new: [orders_status_idx], old: [orders_old_status_idx]}
          backfill: {batch-size: 500, target-load: 0.25}
          soak: 24h
          restore-names: true
          sync: true
      """;

  private static final String ODD_NAMES =
      """
      migrations:
        odd:
          table: '"My Schema"."The ""Order""\"'
          key: [Tenant, 'a "quoted" key', "b[0]", c.d]
          old: {'old "status"': {as: "regexp_replace(\\"new.status\\", '^${x}$$', 'a,b')"}}
          new: {new.status: "upper(\\"old \\"\\"status\\"\\"\\")"}
        plain:
          table: order
          key: [id]
          old: {a: b}
          new: {b: a}
          indexes: {}
          backfill: {target-load: 1}
          soak: ~
      """;

  private static final String SEVERAL =
      """
      migrations:
        split:
          table: customers
          key: [id]
          old: {full_name: "last_name || first_name"}
          new: {last_name: "left(full_name, 1)", first_name: {type: text, as: "substr(full_name, 2)"}}
      """;

  private static final Pattern IN_PAGE =
      Pattern.compile("```yaml\\n(migrations:.*?)```", Pattern.DOTALL);

  @TempDir private Path directory;

  private static List<Migration> read(String text) {
    return Definitions.parse("tables.yaml", text);
  }

  @Test
  void readsEveryKey() {
    assertThat(read(FULL))
        .containsExactly(
            new Migration(
                "orders-status",
                "public.orders",
                List.of("id"),
                List.of(ComputedColumn.of("old_status", "upper(status)")),
                List.of(
                    new ComputedColumn("status", "lower(old_status)", Optional.of("varchar(50)"))),
                List.of("orders_status_idx"),
                List.of("orders_old_status_idx"),
                new Migration.Options(
                    Optional.of(Duration.ofHours(24)),
                    Optional.of(500),
                    Optional.of(0.25),
                    true,
                    Sync.COPY)));
  }

  @Test
  void readsWhatTriggersDo() {
    assertThat(read(FULL.replace("sync: true", "sync: detect")).get(0).options().sync())
        .isEqualTo(Sync.DETECT);
    assertThatThrownBy(() -> read(FULL.replace("sync: true", "sync: watch")))
        .hasMessageContaining("sync: expected true, false or detect");
  }

  @Test
  void readsSeveralColumnsInTheirOrder() {
    Migration split = read(SEVERAL).get(0);
    assertThat(split.oldColumns())
        .containsExactly(ComputedColumn.of("full_name", "last_name || first_name"));
    assertThat(split.newColumns())
        .containsExactly(
            ComputedColumn.of("last_name", "left(full_name, 1)"),
            new ComputedColumn("first_name", "substr(full_name, 2)", Optional.of("text")));
    assertThat(split.mismatch())
        .isEqualTo(
            "(last_name IS DISTINCT FROM (left(full_name, 1))"
                + " OR first_name IS DISTINCT FROM (substr(full_name, 2)))");
    assertThat(split.assignments(false))
        .isEqualTo("last_name = left(full_name, 1), first_name = substr(full_name, 2)");
  }

  @Test
  void readsNamesThatNeedQuotes() {
    Migration odd = read(ODD_NAMES).get(0);
    assertThat(odd.table()).isEqualTo("\"My Schema\".\"The \"\"Order\"\"\"");
    assertThat(odd.key()).containsExactly("Tenant", "a \"quoted\" key", "b[0]", "c.d");
    assertThat(odd.oldNames()).containsExactly("old \"status\"");
    assertThat(odd.oldColumns().get(0).expression())
        .isEqualTo("regexp_replace(\"new.status\", '^${x}$$', 'a,b')");
    assertThat(odd.newNames()).containsExactly("new.status");
    assertThat(read(ODD_NAMES).get(1).table()).isEqualTo("\"order\"");
  }

  @Test
  void shipsTheDefinitionOfOrders() {
    assertThat(Definitions.read(Optional.empty()))
        .singleElement()
        .satisfies(
            orders -> {
              assertThat(orders.name()).isEqualTo("orders-status");
              assertThat(orders.mismatch())
                  .isEqualTo("status IS DISTINCT FROM (lower(old_status))");
              assertThat(orders.options()).isEqualTo(Migration.Options.NONE);
            });
  }

  @Test
  void readsTheFileThatIsNamed() throws IOException {
    Path file = Files.writeString(directory.resolve("tables.yaml"), FULL);
    assertThat(Definitions.read(Optional.of(file.toString()))).isEqualTo(read(FULL));
    assertThatThrownBy(() -> Definitions.read(Optional.of(directory + "/none.yaml")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageMatching("MIGRATIONS_FILE: .*/none.yaml cannot be read: .*");
  }

  /** What stands in the full definition, what stands there instead, and what is said. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "table: | tabel: | tables.yaml: migrations.orders-status.tabel: unknown; expected"
            + " backfill, indexes, key, new, old, restore-names, soak, sync, table",
        "migrations: | migration: | tables.yaml: migration: unknown; expected migrations",
        "target-load: | load: | tables.yaml: migrations.orders-status.backfill.load:"
            + " unknown; expected batch-size, target-load",
        "{type: | {tipe: | tables.yaml: migrations.orders-status.new.status.tipe: unknown;"
            + " expected as, type",
        "table: public.orders | # | tables.yaml: migrations.orders-status.table: expected a name,",
        "key: [id] | # | tables.yaml: migrations.orders-status.key: expected a list of",
        "key: [id] | key: id | migrations.orders-status.key: expected a list of column names",
        "key: [id] | key: [] | migrations.orders-status: key must name a column",
        "[id] | [id, id] | migrations.orders-status: key names a column twice",
        "[id] | [1] | migrations.orders-status.key.[]: expected a list of column names",
        "[id] | [~] | migrations.orders-status.key.[]: expected a list of column names",
        "public.orders | a.b.c | migrations.orders-status: a.b.c is not a table, or schema.table",
        "public.orders | 5 | line 3: migrations.orders-status.table: expected a name",
        "public.orders | ~ | migrations.orders-status.table: expected a name",
        "orders-status: | Orders: | migrations.Orders: name Orders is not",
        "{old_status: \"upper(status)\"} | {} | migrations.orders-status.old: expected columns with",
        "\"upper(status)\" | {type: text, as: x} | migrations.orders-status.old: no type: the",
        "\"upper(status)\" | ~ | line 5: migrations.orders-status.old.old_status: expected",
        "\"upper(status)\" | [x] | migrations.orders-status.old.old_status: expected columns with",
        "\"upper(status)\" | \" \" | migrations.orders-status: old has no expression: old_status",
        ", as: \"lower(old_status)\" | '' | migrations.orders-status.new: expected columns with",
        "type: varchar(50) | type: '' | migrations.orders-status.new: expected columns with",
        "500 | 0 | migrations.orders-status.backfill.batch-size: expected an integer from 1 to",
        "500 | 100001 | migrations.orders-status.backfill.batch-size: expected an integer from 1",
        "500 | 1.5 | migrations.orders-status.backfill.batch-size: expected an integer from 1 to",
        "500 | '500' | migrations.orders-status.backfill.batch-size: expected an integer from 1",
        "0.25 | 0 | migrations.orders-status.backfill.target-load: expected a number above 0",
        "0.25 | 1.5 | migrations.orders-status.backfill.target-load: expected a number above 0",
        "24h | 24 | line 9: migrations.orders-status.soak: expected a duration, such as 24h",
        "24h | one day | migrations.orders-status.soak: expected a duration, such as 24h",
        "names: true | names: perhaps | line 10: migrations.orders-status.restore-names: expected true",
        "[orders_status_idx] | orders_status_idx | indexes.new: expected lists of names"
      })
  void refusesInOneLine(String there, String instead, String said) {
    String text = FULL.replace(there, instead.equals("''") ? "" : instead);
    assertThat(text).isNotEqualTo(FULL);
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(said)
        .hasMessageStartingWith("tables.yaml")
        .message()
        .doesNotContain("\n");
    assertThat(errors(text)).as("by the schema").isNotEmpty();
  }

  /** Not seen by a schema: it is asked after the text was read. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "soak: 24h | soak: 24h, soak: 48h | line 10: not YAML: Duplicate field 'soak'",
        "[id] | [id | not YAML: ",
        "[id] | [status] | migrations.orders-status: new is a part of the key: status",
        "{status: | {old_status: | old and new name the same column: old_status"
      })
  void refusesWhatNoSchemaSees(String there, String instead, String said) {
    String text = FULL.replace(there, instead.replace(", soak", "\n    soak"));
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(said)
        .message()
        .doesNotContain("\n");
  }

  /** Each would write, or drop, what the other one reads. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[id] | a | status | moves column status of public.orders, which orders-status names too",
        "[id] | old_status | b | moves column old_status of public.orders, which",
        "[status] | a | b | moves column status of public.orders, which another names too"
      })
  void keepsDefinitionsOfOneTableApart(String key, String from, String to, String said) {
    String second =
        """
          another:
            table: %s
            key: %s
            old: {%s: x}
            new: {%s: y}
        """;
    assertThatThrownBy(() -> read(FULL + second.formatted("public.orders", key, from, to)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("tables.yaml: migrations.")
        .hasMessageContaining(said);
    assertThat(read(FULL + second.formatted("public.orders", "[id]", "amount", "cents")))
        .hasSize(2);
    assertThat(read(FULL + second.formatted("elsewhere", "[id]", "old_status", "status")))
        .hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({"''", "# nothing", "migrations:", "'migrations: {}'", "'migrations: [a]'", "text"})
  void refusesFilesWithoutDefinitions(String text) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageMatching("tables.yaml.*: migrations: expected a map of definitions by name");
    assertThat(errors(text)).isNotEmpty();
  }

  /** Those of the pages too. */
  static Stream<String> examples() throws IOException {
    String pages =
        Files.readString(Path.of("docs/adopting.md"))
            + Files.readString(Path.of("docs/reference.md"));
    List<String> shown = IN_PAGE.matcher(pages).results().map(block -> block.group(1)).toList();
    assertThat(shown).hasSize(4);
    String shipped = Files.readString(Path.of("src/main/resources", Definitions.SHIPPED));
    return Stream.concat(Stream.of(FULL, ODD_NAMES, SEVERAL, shipped), shown.stream());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void agreesWithTheSchema(String example) {
    assertThat(read(example)).isNotEmpty();
    assertThat(errors(example)).isEmpty();
  }

  private static List<String> errors(String text) {
    try {
      JsonSchema schema =
          JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
              .getSchema(Files.readString(Path.of("docs/migrations.schema.json")));
      JsonNode node = new YAMLMapper().readTree(text);
      return schema.validate(node).stream().map(Object::toString).toList();
    } catch (IOException e) {
      return List.of(e.toString());
    }
  }
}
