package io.zerodowntime.migration;

/**
 * The table expression that lists a table with its partitions. It reads the catalog only: {@code
 * pg_partition_tree()} locks each partition, and would wait behind one that is being truncated.
 */
public final class PartitionTree {
  private PartitionTree() {}

  /**
   * The definition of {@code tree (relation)}, to stand behind {@code WITH RECURSIVE}. A partition
   * that is being detached is not in it, as it is not for queries.
   *
   * @param table an expression of type regclass; NULL gives one row of NULL
   */
  public static String of(String table) {
    return """
        tree AS (
          SELECT (%s)::oid AS relation
          UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.relation
          WHERE NOT i.inhdetachpending
        )\
        """
        .formatted(table);
  }
}
