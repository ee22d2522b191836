--liquibase formatted sql

-- Additions only: an instance of the former version goes on beside. Each takes its lock for a moment.
--changeset zerodowntime:004-runs labels:initial rollbackSplitStatements:false
-- ranges of one key, each for a row that a batch found locked; the ranges as they were cut stay below
CREATE SEQUENCE backfill_range_no AS integer MINVALUE 1000000;
ALTER TABLE backfill_run
    ADD COLUMN inserts_before bigint,
    ADD COLUMN inserted bigint,
    ADD COLUMN table_rows bigint;
COMMENT ON COLUMN backfill_run.inserts_before IS 'rows inserted into the table until the run began, by the statistics';
COMMENT ON COLUMN backfill_run.inserted IS 'rows inserted into the table while it ran, by the statistics';
COMMENT ON COLUMN backfill_run.table_rows IS 'rows with keys from its first to its last, or NULL, counted at its end';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP SEQUENCE backfill_range_no;
--rollback   ALTER TABLE backfill_run DROP COLUMN inserts_before, DROP COLUMN inserted, DROP COLUMN table_rows;
--rollback END $$;

--changeset zerodowntime:004-indexes labels:initial rollbackSplitStatements:false
CREATE INDEX backfill_run_migration_idx ON backfill_run (migration, id);
CREATE INDEX parity_mismatch_unrepaired_idx ON parity_mismatch (migration, found_at, key)
    WHERE repaired_at IS NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP INDEX backfill_run_migration_idx, parity_mismatch_unrepaired_idx;
--rollback END $$;

--changeset zerodowntime:004-snapshot labels:initial rollbackSplitStatements:false
ALTER TABLE backfill_run ADD COLUMN snapshot boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN backfill_run.snapshot IS 'compares in one snapshot; range_no of its one range counts the attempts';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   ALTER TABLE backfill_run DROP COLUMN snapshot;
--rollback END $$;
