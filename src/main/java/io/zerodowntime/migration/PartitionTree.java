package io.zerodowntime.migration;

/**
 * The table expression that lists a table with its partitions, and what is named after them. It
 * reads the catalog only: {@code pg_partition_tree()} locks each partition, and would wait behind
 * one that is being truncated.
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

  /**
   * The expression that names a partition's part of an index of the whole table: after both, or
   * after their hash where that is longer than a name may be.
   *
   * @param partition an expression, the name of the partition without its schema
   * @param index an expression, the name of the table's index
   */
  public static String indexName(String partition, String index) {
    return """
        CASE WHEN octet_length(%1$s || '_' || %2$s) <= 63 THEN %1$s || '_' || %2$s \
        ELSE 'zd_' || md5(%1$s || '_' || %2$s) END\
        """
        .formatted(partition, index);
  }
}
