package io.zerodowntime.testing;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.util.List;

/** Migrations of tests: from one column to one, without indexes and options. */
public final class OneToOne {
  private OneToOne() {}

  /** {@code forward} computes the new column, {@code reverse} the old one. */
  public static Migration migration(
      String name,
      String table,
      List<String> key,
      String oldColumn,
      String newColumn,
      String forward,
      String reverse) {
    return new Migration(
        name,
        table,
        key,
        List.of(ComputedColumn.of(oldColumn, reverse)),
        List.of(ComputedColumn.of(newColumn, forward)),
        List.of(),
        List.of(),
        Migration.Options.NONE);
  }
}
