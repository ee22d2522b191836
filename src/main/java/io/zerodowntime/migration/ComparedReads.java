package io.zerodowntime.migration;

/**
 * Code of this program that reads rows of a migration and compares both columns of some of them,
 * for {@link ShadowReadListener}. A migration without such code has no compared reads to wait for.
 */
public interface ComparedReads {
  /** Whether it compares reads of this migration. */
  boolean include(Migration migration);
}
