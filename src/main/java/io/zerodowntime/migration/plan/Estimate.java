package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a migration takes, from statistics. Bytes are of the main parts: values that are kept apart
 * (TOAST) are not counted.
 *
 * @param rows of the table
 * @param newWidth bytes of a row's new values on average; empty if no statistics tell
 * @param backfillSeconds at {@code rate}
 * @param backfillWal bytes, without page images
 * @param comparisonSeconds of every row, in one snapshot, by one session
 * @param scanSeconds of one read of the table, its values not looked at
 * @param growth bytes that the table grows by at most until vacuum makes room
 * @param indexBytes of all new indexes together; their builds write as much WAL
 * @param rate of the backfill, in rows a second
 * @param rateSource where the rate is from
 */
record Estimate(
    long rows,
    Optional<Integer> newWidth,
    double backfillSeconds,
    long backfillWal,
    double comparisonSeconds,
    double scanSeconds,
    long growth,
    long indexBytes,
    long rate,
    String rateSource) {

  /** Rows a second, as docs/performance.md states them for two cores; a test compares. */
  static final long BACKFILL = 24_812;

  static final long COMPARISON = 2_777_961;
  static final long SCAN = 17_079_164;

  /** Bytes of WAL beside the values: of a row's new version, and of one entry in an index. */
  private static final int ROW_RECORD = 100;

  private static final int ENTRY_RECORD = 120;

  /** Bytes of an entry in an index beside its values, and how full its pages are. */
  private static final int ENTRY = 12;

  private static final double FILL = 0.9;

  /** Where nothing is known of a value, for example before the first ANALYZE. */
  private static final int UNKNOWN_WIDTH = 8;

  /**
   * Computes.
   *
   * @param typeWidths bytes of new columns whose type has a fixed length, by name
   */
  static Estimate of(
      Migration migration,
      TableFacts facts,
      Map<String, Integer> typeWidths,
      List<IndexForms.Form> forms) {
    Optional<Integer> newWidth = newWidth(migration, facts, typeWidths);
    long rows = facts.rows();
    long rowBytes = rows == 0 ? 0 : facts.bytes() / rows;
    int width = newWidth.orElse(UNKNOWN_WIDTH);
    long rate = facts.measured().map(TableFacts.Measured::rowsPerSecond).orElse(BACKFILL);
    return new Estimate(
        rows,
        newWidth,
        (double) rows / rate,
        rows * (rowBytes + width + ROW_RECORD + (long) facts.indexes() * ENTRY_RECORD),
        (double) rows / COMPARISON,
        (double) rows / SCAN,
        facts.bytes() + rows * width,
        forms.stream().mapToLong(form -> indexBytes(form, rows, width)).sum(),
        rate,
        facts
            .measured()
            .map(run -> "as the last backfill of " + run.migration())
            .orElse("as docs/performance.md measured on two cores"));
  }

  private static long indexBytes(IndexForms.Form form, long rows, int width) {
    return form.bytes() > 0 ? form.bytes() : Math.round(rows * (ENTRY + width) / FILL);
  }

  /** Values of a length of their own are taken to be as long as the old ones. */
  private static Optional<Integer> newWidth(
      Migration migration, TableFacts facts, Map<String, Integer> typeWidths) {
    Optional<Integer> known =
        sum(
            migration.newNames().stream()
                .map(name -> width(facts, name).or(() -> Optional.ofNullable(typeWidths.get(name))))
                .toList());
    return known.or(
        () -> sum(migration.oldNames().stream().map(name -> width(facts, name)).toList()));
  }

  private static Optional<Integer> width(TableFacts facts, String column) {
    return Optional.ofNullable(facts.columns().get(column)).flatMap(TableFacts.Column::width);
  }

  private static Optional<Integer> sum(List<Optional<Integer>> widths) {
    return widths.stream().allMatch(Optional::isPresent)
        ? Optional.of(widths.stream().flatMap(Optional::stream).mapToInt(w -> w).sum())
        : Optional.empty();
  }
}
