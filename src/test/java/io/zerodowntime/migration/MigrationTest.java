package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.zerodowntime.testing.OneToOne;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

  @Test
  void keepsTheTableAsSqlReadsIt() {
    assertThat(migration("doc", "public.Doc", "id").table()).isEqualTo("public.\"Doc\"");
    assertThat(migration("doc", "\"My Schema\".order", "id").table())
        .isEqualTo("\"My Schema\".\"order\"");
  }

  @Test
  void refusesNamesThatNoColumnCanHave() {
    assertThatIllegalArgumentException().isThrownBy(() -> migration("doc", "", "id"));
    assertThatIllegalArgumentException().isThrownBy(() -> migration("doc", "a.b.c", "id"));
    assertThatIllegalArgumentException().isThrownBy(() -> migration("doc", "doc", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> migration("doc", "doc", "ä".repeat(32)));
  }

  @Test
  void refusesColumnsInTwoRoles() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> migration("doc", "doc", "o"))
        .withMessageContaining("part of the key");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> migration("doc", "doc", "n"))
        .withMessageContaining("part of the key");
  }

  @Test
  void movesAKeyWithAUniqueIndexOfEachSide() {
    Migration moved =
        new Migration(
            "doc",
            "doc",
            List.of("tenant", "id"),
            List.of(ComputedColumn.of("id", "id_big::int")),
            List.of(ComputedColumn.of("id_big", "id::bigint")),
            List.of("doc_new_key", "other_idx"),
            List.of("doc_old_key"),
            Migration.Options.NONE);
    assertThat(moved.movesKey()).isTrue();
    assertThat(moved.newKey()).containsExactly("tenant", "id_big");
    assertThat(moved.builtIndexes()).containsExactly("doc_old_key", "doc_new_key", "other_idx");
    assertThat(migration("doc", "doc", "id").movesKey()).isFalse();
  }

  /** Which of several new columns takes the place of which old one cannot be told. */
  @Test
  void refusesToMoveOrRestoreNamesOfSeveralColumns() {
    List<ComputedColumn> several =
        List.of(ComputedColumn.of("a", "o"), ComputedColumn.of("b", "o"));
    List<ComputedColumn> old = List.of(ComputedColumn.of("o", "a"));
    List<String> index = List.of("i");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Migration(
                    "doc", "doc", List.of("o"), old, several, index, index, Migration.Options.NONE))
        .withMessageContaining("name one old and one new column");
    Migration.Options restored =
        new Migration.Options(Optional.empty(), Optional.empty(), Optional.empty(), true, Sync.OFF);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new Migration("doc", "doc", List.of("x"), old, several, index, index, restored))
        .withMessageContaining("restore-names");
  }

  @Test
  void refusesBlankExpressions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with(" ", "upper(n)"))
        .withMessageContaining("new has no expression");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with("lower(o)", ""))
        .withMessageContaining("old has no expression");
  }

  @Test
  void keepsItsOwnIndexes() {
    List<String> indexes = new ArrayList<>(List.of("doc_n_idx"));
    Migration migration =
        new Migration(
            "doc",
            "doc",
            List.of("id"),
            List.of(ComputedColumn.of("o", "upper(n)")),
            List.of(ComputedColumn.of("n", "lower(o)")),
            indexes,
            indexes,
            Migration.Options.NONE);
    indexes.clear();

    assertThat(migration.newIndexes()).containsExactly("doc_n_idx");
    assertThat(migration.oldIndexes()).containsExactly("doc_n_idx");
  }

  @Test
  void takesNullsForEqual() {
    assertThat(with("lower(o)", "upper(n)").mismatch()).isEqualTo("n IS DISTINCT FROM (lower(o))");
  }

  /** AND and OR bind less tightly than IS DISTINCT FROM. */
  @Test
  void comparesWithTheWholeExpression() {
    assertThat(with("o AND true", "n").mismatch()).isEqualTo("n IS DISTINCT FROM (o AND true)");
  }

  /** PostgreSQL would cut two longer names to the same one. */
  @Test
  void theTriggersOfTheLongestNameHaveNamesOfTheirOwn() {
    String longest = migration("m".repeat(63), "doc", "id").syncName();
    assertThat(longest + "_i").hasSizeLessThanOrEqualTo(63);
    assertThat(migration("n".repeat(63), "doc", "id").syncName()).isNotEqualTo(longest);
    assertThat(migration("doc", "doc", "id").syncName()).isEqualTo("zd_sync_doc");
  }

  /** A number that a default gave cannot be told from one that a statement gave. */
  @Test
  void aKeyThatMovesHasNoTriggers() {
    Migration.Options sync =
        new Migration.Options(
            Optional.empty(), Optional.empty(), Optional.empty(), false, Sync.COPY);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Migration(
                    "key",
                    "doc",
                    List.of("id"),
                    List.of(ComputedColumn.of("id", "id_big::integer")),
                    List.of(ComputedColumn.of("id_big", "id::bigint")),
                    List.of("new_key"),
                    List.of("old_key"),
                    sync))
        .withMessageContaining("sync cannot tell");
  }

  private static Migration migration(String name, String table, String key) {
    return OneToOne.migration(name, table, List.of(key), "o", "n", "lower(o)", "upper(n)");
  }

  private static Migration with(String forward, String reverse) {
    return OneToOne.migration("doc", "doc", List.of("id"), "o", "n", forward, reverse);
  }
}
