--liquibase formatted sql

-- Additions only: an instance of the former version goes on beside. It takes its lock for a moment.
--changeset zerodowntime:005-leaves labels:initial rollbackSplitStatements:false
ALTER TABLE backfill_progress
    ADD COLUMN leaf oid,
    ADD COLUMN leaf_inserts bigint;
COMMENT ON COLUMN backfill_progress.leaf IS 'the partition whose keys these are; NULL: keys of the whole table';
COMMENT ON COLUMN backfill_progress.leaf_inserts IS 'rows inserted into the partition before its ranges were cut, by the statistics; in its first range only';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   ALTER TABLE backfill_progress DROP COLUMN leaf, DROP COLUMN leaf_inserts;
--rollback END $$;
