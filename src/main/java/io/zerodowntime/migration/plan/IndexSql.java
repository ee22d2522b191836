package io.zerodowntime.migration.plan;

/** The changesets of indexes; templates as those of {@link ChangesetSql}. */
final class IndexSql {
  /** One index. An invalid one is not passed over: the runner drops it, and it is built again. */
  static final String INDEX =
      """
      --changeset %(name):020-index-%(n) labels:%(name),%(stage) runInTransaction:false \
      runAlways:true splitStatements:false rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c \
      ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(%'table') AND c.relname = \
      %'indexName' AND i.indisvalid
      %(unlessDropped)%(comment)CREATE %(unique)INDEX CONCURRENTLY %(index) ON %(table) (%(columns));
      -- in one transaction: no step to phase 2, whose reads need the index, comes between look \
      and drop
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase >= 2 FOR NO KEY \
      UPDATE;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || %'index' \
      || ': go back to phase 1 first';
      --rollback   END IF;
      --rollback   DROP INDEX IF EXISTS %(qualifiedIndex);
      --rollback END %$;
      """;

  /**
   * One index of a partitioned table: its own, without entries. Those of the partitions are of the
   * stage, which finds the partitions when it runs.
   */
  static final String PARTITIONED_INDEX =
      """
      --changeset %(name):020-index-%(n) labels:%(name),%(stage) runAlways:true \
      splitStatements:false rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c \
      ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(%'table') AND c.relname = \
      %'indexName'
      %(unlessDropped)%(comment)-- Without entries, and not valid yet. Behind it the command expand builds an index \
      like it on each
      -- partition that there is then (CREATE INDEX CONCURRENTLY), and attaches it (ALTER INDEX ... \
      ATTACH
      -- PARTITION): the last one makes this one valid. It goes on where a failure has stopped it.
      CREATE %(unique)INDEX %(index) ON ONLY %(table) (%(columns));
      -- in one transaction: no step to phase 2, whose reads need the index, comes between look \
      and drop;
      -- with the indexes of partitions that were not attached yet
      --rollback DO %$
      --rollback DECLARE
      --rollback   part text;
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase >= 2 FOR NO KEY \
      UPDATE;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || %'index' \
      || ': go back to phase 1 first';
      --rollback   END IF;
      --rollback   DROP INDEX IF EXISTS %(qualifiedIndex);
      --rollback   FOR part IN
      --rollback     SELECT format('%I.%I', n.nspname, x.relname)
      --rollback     FROM pg_partition_tree(to_regclass(%'table')) t
      --rollback     JOIN pg_class l ON l.oid = t.relid JOIN pg_index i ON i.indrelid = l.oid
      --rollback     JOIN pg_class x ON x.oid = i.indexrelid
      --rollback     JOIN pg_namespace n ON n.oid = x.relnamespace
      --rollback     WHERE x.relname = %(partitionIndex)
      --rollback   LOOP
      --rollback     EXECUTE 'DROP INDEX IF EXISTS ' || part;
      --rollback   END LOOP;
      --rollback END %$;
      """;

  /** Behind {@link ChangesetSql#CONTRACT}, once for each index that goes with an old column. */
  static final String OLD_INDEX =
      """
      --rollback DROP INDEX CONCURRENTLY IF EXISTS %(qualifiedIndex);;
      --rollback %(definition);;
      """;

  private IndexSql() {}
}
