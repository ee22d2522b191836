package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.zerodowntime.testing.TestPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Names are quoted as PostgreSQL quotes them, and read as a definition writes them. */
class SqlNameTest {
  private static final Pattern TABLE =
      Pattern.compile(
          "([^\".][^.]*|\"([^\"]|\"\")+\")(\\.([^\".][^.]*|\"([^\"]|\"\")+\"))?", Pattern.DOTALL);

  private static Connection session;

  @BeforeContainer
  static void connect() throws SQLException {
    session = TestPostgres.superuser().getConnection();
  }

  @AfterContainer
  static void disconnect() throws SQLException {
    session.close();
  }

  private static List<String> rows(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement select = session.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        select.setObject(i + 1, parameters[i]);
      }
      List<String> found = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
      return found;
    }
  }

  /** Those of another server version are quoted too: quotes never hurt. */
  @Example
  void quotesEveryKeywordThatIsMoreThanUnreserved() throws SQLException {
    List<String> keywords = rows("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'");
    assertThat(keywords).hasSizeGreaterThan(120);
    assertThat(keywords).allSatisfy(w -> assertThat(SqlName.quote(w)).isEqualTo('"' + w + '"'));
    assertThat(SqlName.quote("orders")).isEqualTo("orders");
    assertThat(SqlName.quote("key")).as("unreserved").isEqualTo("key");
  }

  @Provide
  Arbitrary<String> names() {
    Arbitrary<String> any =
        Arbitraries.strings()
            .withChars("abzABZ_09 .\"'$%()\\{}[]äß日\n")
            .ofMinLength(1)
            .ofMaxLength(20);
    return Arbitraries.oneOf(any, Arbitraries.of("user", "order", "Id", "zd_key", "%(key)", "{c}"));
  }

  @Property(tries = 300)
  void quotesAsPostgresqlDoes(@ForAll("names") String name) throws SQLException {
    assertThat(rows("SELECT quote_ident(?)", name)).containsExactly(SqlName.quote(name));
  }

  /** What is kept as a table's name is read again as the same name, by us and by the server. */
  @Property(tries = 300)
  void readsBackWhatItKeeps(@ForAll("names") String schema, @ForAll("names") String name)
      throws SQLException {
    String kept = SqlName.table(quoted(schema) + "." + quoted(name));
    assertThat(kept).isEqualTo(SqlName.quote(schema) + "." + SqlName.quote(name));
    assertThat(SqlName.table(kept)).isEqualTo(kept);
    assertThat(rows("SELECT unnest(parse_ident(?))", kept)).containsExactly(schema, name);
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  @Provide
  Arbitrary<String> tables() {
    return Arbitraries.strings().withChars("aB_.\" ").ofMaxLength(10);
  }

  /** The pattern is the one of docs/migrations.schema.json. */
  @Property(tries = 1000)
  void takesWhatTheSchemaTakes(@ForAll("tables") String text) {
    if (TABLE.matcher(text).matches()) {
      assertThat(SqlName.table(text)).isNotEmpty();
    } else {
      assertThatIllegalArgumentException().isThrownBy(() -> SqlName.table(text));
    }
  }

  @Example
  void keepsTheCaseOfPlainParts() {
    assertThat(SqlName.table("Sales.Order")).isEqualTo("\"Sales\".\"Order\"");
    assertThat(SqlName.table("\"a.b\".c")).isEqualTo("\"a.b\".c");
    assertThat(SqlName.table("order")).isEqualTo("\"order\"");
  }

  @Example
  void refusesNamesThatTheServerWouldCut() {
    assertThat(SqlName.quote("ä".repeat(31) + "a")).hasSize(34);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SqlName.quote("ä".repeat(32)))
        .withMessageContaining("longer than 63 bytes");
    assertThatIllegalArgumentException().isThrownBy(() -> SqlName.quote("a\0b"));
  }
}
