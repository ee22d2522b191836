package io.zerodowntime.migration.backfill;

/**
 * A partition that holds rows itself.
 *
 * @param id its oid, which stays when it is renamed
 * @param name with its schema, as SQL reads it
 * @param rows the estimate of its rows
 * @param inserts rows inserted into it so far, by the statistics
 */
record Leaf(long id, String name, long rows, long inserts) {

  /** Whether the other one is this partition under this name. */
  boolean isNamedAs(Leaf other) {
    return id == other.id && name.equals(other.name);
  }
}
