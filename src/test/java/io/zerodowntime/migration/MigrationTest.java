package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves which definitions of a migration are refused. */
class MigrationTest {

  @ParameterizedTest
  @ValueSource(strings = {"a", "orders-status", "x9", "a-"})
  void takesNames(String name) {
    assertThatCode(() -> migration(name, "doc", "id")).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Orders", "1a", "-a", "a b", "a_b", "a;b", "a'"})
  void refusesOtherNames(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> migration(name, "doc", "id"))
        .withMessageContaining("name");
  }

  @Test
  void refusesNamesTooLongForTheDatabase() {
    assertThat(migration("a".repeat(63), "doc", "id").name()).hasSize(63);
    assertThatIllegalArgumentException().isThrownBy(() -> migration("a".repeat(64), "doc", "id"));
  }

  @ParameterizedTest
  @CsvSource({
    "Doc, id",
    "doc, Id",
    "doc; drop table x, id",
    "public.doc, id",
    "\"doc\", id",
    "'', id"
  })
  void refusesIdentifiersThatNeedQuotes(String table, String key) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> migration("doc", table, key))
        .withMessageContaining("identifier");
  }

  @Test
  void refusesExpressionsThatDoNotNameTheirColumn() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with("lower(x)", "upper(n)"))
        .withMessageContaining("forward");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with("lower(o)", "upper(x)"))
        .withMessageContaining("reverse");
  }

  @Test
  void keepsItsOwnIndexes() {
    List<String> indexes = new ArrayList<>(List.of("doc_n_idx"));
    Migration migration =
        new Migration(
            "doc", "doc", "id", "text", "o", "n", "lower(o)", "upper(n)", indexes, indexes);
    indexes.clear();

    assertThat(migration.newIndexes()).containsExactly("doc_n_idx");
    assertThat(migration.oldIndexes()).containsExactly("doc_n_idx");
  }

  @Test
  void takesNullsForEqual() {
    assertThat(with("lower(o)", "upper(n)").mismatch()).isEqualTo("n IS DISTINCT FROM lower(o)");
  }

  private static Migration migration(String name, String table, String key) {
    return new Migration(
        name, table, key, "text", "o", "n", "lower(o)", "upper(n)", List.of(), List.of());
  }

  private static Migration with(String forward, String reverse) {
    return new Migration(
        "doc", "doc", "id", "text", "o", "n", forward, reverse, List.of(), List.of());
  }
}
