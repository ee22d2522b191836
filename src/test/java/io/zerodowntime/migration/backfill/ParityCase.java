package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.jspecify.annotations.Nullable;

/**
 * One case of {@link ParityPropertyTest}.
 *
 * @param split whether there are two new columns instead of one
 * @param keys all keys that are used, equal ones among them; each has a literal for each column
 * @param rows what the table holds at first, by the first keys
 * @param analysed whether the table has statistics when its ranges are cut
 * @param during what writers do while the batches run
 * @param between what they do after each batch
 * @param partitions how many the table has, by hash of the key; 0 for a plain table
 * @param spoilt rows that a writer outside the fence changes at the end, at most
 */
record ParityCase(
    KeyType type,
    boolean split,
    List<List<String>> keys,
    List<Row> rows,
    int batchSize,
    int workers,
    boolean analysed,
    List<Write> during,
    List<Write> between,
    int partitions,
    int spoilt) {

  /** What a row holds before the backfill; {@code stale} stands in the new text column. */
  record Row(@Nullable String old, @Nullable String stale) {}

  /** What a writer does to the row of one key, or of two. */
  enum Kind {
    INSERT,
    UPDATE,
    DELETE,
    CHANGE_KEY,
    /** The key alone: the row may come to lie behind the cursor as it was before the backfill. */
    CHANGE_KEY_ONLY
  }

  /** What a service does that writes both columns whenever it writes one of the row's columns. */
  private static final List<Kind> BY_BOTH_RULES =
      List.of(Kind.INSERT, Kind.UPDATE, Kind.DELETE, Kind.CHANGE_KEY);

  /**
   * A write; {@code key} and {@code other} are positions in the case's keys.
   *
   * @param held whether a write between batches keeps its locks until another batch has met them
   */
  record Write(
      Kind kind, int key, int other, @Nullable String value, boolean rolledBack, boolean held) {}

  /** Types of the key's columns, as a CREATE TABLE takes them. */
  record KeyType(List<String> columns, Arbitrary<List<String>> keys) {
    List<String> names() {
      return IntStream.range(0, columns.size()).mapToObj(i -> "k" + i).toList();
    }

    @Override
    public String toString() {
      return columns.toString();
    }
  }

  private static final Arbitrary<String> TEXT =
      Arbitraries.oneOf(
          Arbitraries.strings().withChars("abAB zZ09'\"\\{},%$:?\n\täß日é_-").ofMaxLength(12),
          Arbitraries.of(
              "", " ", "NULL", "null", "{}", "{a,\"b\"}", "日本", "😀", "e\u0301", "\uffff"));

  private static final Arbitrary<String> VALUES =
      Arbitraries.oneOf(TEXT, Arbitraries.of("x".repeat(3000), "é😀".repeat(700))).injectNull(0.2);

  private static final Arbitrary<String> UUIDS =
      Combinators.combine(Arbitraries.longs(), Arbitraries.longs())
          .as((high, low) -> new UUID(high, low).toString());

  private static final Arbitrary<String> NUMERICS =
      Arbitraries.oneOf(
          Arbitraries.bigDecimals().map(Object::toString),
          Arbitraries.of("NaN", "0", "0.00", "-0.5", "1e40", "1e-40", "1.10", "1.1"));

  private static final Arbitrary<String> DATES =
      Arbitraries.oneOf(
          Arbitraries.integers().between(1, 3_000).map(ParityCase::day),
          Arbitraries.of("infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-01-01"));

  private static final Arbitrary<String> INSTANTS =
      Arbitraries.oneOf(
          Arbitraries.longs()
              .between(0, 4_000_000_000L)
              .map(n -> Instant.ofEpochSecond(n, n % 1000 * 1000).toString()),
          Arbitraries.of(
              "infinity",
              "-infinity",
              "4713-01-01 00:00:00+00 BC",
              "2026-03-29 00:59:59.999999+00",
              "2026-10-25 02:30:00+02",
              "2026-10-25 02:30:00+01"));

  private static final Arbitrary<String> INTEGERS = Arbitraries.integers().map(Object::toString);
  private static final Arbitrary<String> LONGS = Arbitraries.longs().map(Object::toString);
  private static final Arbitrary<String> FEW_INTEGERS =
      Arbitraries.integers().between(-3, 3).map(Object::toString);

  private static String day(int n) {
    return LocalDate.ofEpochDay(n * 10L).toString();
  }

  static final List<KeyType> KEY_TYPES =
      List.of(
          one("bigint", LONGS),
          one("integer", INTEGERS),
          one("uuid", UUIDS),
          one("text", TEXT),
          one("varchar COLLATE \"C\"", TEXT),
          one("text COLLATE \"und-x-icu\"", TEXT),
          one("numeric", NUMERICS),
          one("timestamptz", INSTANTS),
          one("date", DATES),
          two("date", DATES, "bigint", Arbitraries.oneOf(LONGS, FEW_INTEGERS)),
          two("uuid", UUIDS, "integer", INTEGERS),
          two("integer", FEW_INTEGERS, "uuid", UUIDS),
          two("text COLLATE \"und-x-icu\"", TEXT, "numeric", NUMERICS));

  private static KeyType one(String type, Arbitrary<String> values) {
    return new KeyType(List.of(type), values.map(List::of));
  }

  private static KeyType two(
      String first, Arbitrary<String> firsts, String second, Arbitrary<String> seconds) {
    return new KeyType(List.of(first, second), Combinators.combine(firsts, seconds).as(List::of));
  }

  /** All cases with a key of this type. */
  static Arbitrary<ParityCase> of(KeyType type) {
    return Combinators.combine(
            Arbitraries.integers().between(2, 150),
            Arbitraries.of(BY_BOTH_RULES, List.of(Kind.values())))
        .flatAs(
            (size, kinds) ->
                Combinators.combine(
                        Arbitraries.of(true, false),
                        type.keys().list().ofSize(size),
                        Combinators.combine(VALUES, VALUES).as(Row::new).list().ofMaxSize(size),
                        Arbitraries.oneOf(
                            Arbitraries.integers().between(1, 5),
                            Arbitraries.integers().between(1, 50)),
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.of(true, false),
                        writes(size, kinds).list().ofMaxSize(60),
                        Combinators.combine(
                                writes(size, kinds).list().ofMaxSize(20),
                                Arbitraries.of(0, 0, 1, 4),
                                Arbitraries.integers().between(0, 5))
                            .as(Last::new))
                    .as(
                        (split, keys, rows, batch, workers, analysed, during, last) ->
                            new ParityCase(
                                type,
                                split,
                                keys,
                                rows,
                                batch,
                                workers,
                                analysed,
                                during,
                                last.between(),
                                last.partitions(),
                                last.spoilt())));
  }

  /** Combinators take eight parts. */
  private record Last(List<Write> between, int partitions, int spoilt) {}

  private static Arbitrary<Write> writes(int keys, List<Kind> kinds) {
    Arbitrary<Integer> key = Arbitraries.integers().between(0, keys - 1);
    return Combinators.combine(
            Arbitraries.of(kinds),
            key,
            key,
            VALUES,
            Arbitraries.integers().between(1, 2).map(n -> n == 1),
            Arbitraries.integers().between(1, 2).map(n -> n == 1))
        .as(Write::new);
  }

  /** Whether a row may be moved behind the cursor without being written by both rules. */
  boolean movesRowsUnseen() {
    return during.stream().anyMatch(w -> w.kind() == Kind.CHANGE_KEY_ONLY)
        || between.stream().anyMatch(w -> w.kind() == Kind.CHANGE_KEY_ONLY);
  }

  Migration migration(String table) {
    List<ComputedColumn> news =
        split
            ? List.of(
                ComputedColumn.of("new_text", "old_text || '!'"),
                ComputedColumn.of("new_length", "length(old_text)"))
            : List.of(ComputedColumn.of("new_text", "old_text || '!'"));
    return new Migration(
        "other",
        table,
        type.names(),
        List.of(ComputedColumn.of("old_text", "left(new_text, -1)")),
        news,
        List.of(),
        List.of(),
        Migration.Options.NONE);
  }

  @Override
  public String toString() {
    return ("key %s, %d new columns, %d keys, %d rows, %d partitions, batches of %d, %d workers%s,"
            + " %d + %d writes")
        .formatted(
            type,
            split ? 2 : 1,
            keys.size(),
            rows.size(),
            partitions,
            batchSize,
            workers,
            analysed ? ", analysed" : "",
            during.size(),
            between.size());
  }
}
