package io.zerodowntime.migration.plan;

import java.util.List;

/**
 * A changelog file, of one stage of one migration.
 *
 * @param name of the file; Liquibase knows its changesets by it
 * @param text Liquibase formatted SQL
 * @param locks what its statements lock, in their order
 */
public record PlanFile(String name, String text, List<Lock> locks) {
  public PlanFile {
    locks = List.copyOf(locks);
  }

  /**
   * The strongest lock of a statement.
   *
   * @param changeset its identifier
   * @param mode as {@code LOCK TABLE} calls it
   * @param on the table
   * @param how long it is held, in words
   */
  public record Lock(String changeset, String mode, String on, String how) {}
}
