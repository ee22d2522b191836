--liquibase formatted sql

-- Shadow reads, a row for each instance and epoch: no instance waits for another one's row. A version
-- that does not know this table counts in parity_shadow; the gates add up both.
--changeset zerodowntime:003-shadow-instance labels:initial rollbackSplitStatements:false
CREATE TABLE parity_shadow_instance (
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state ON DELETE CASCADE,
    epoch bigint NOT NULL,
    instance text COLLATE "C" NOT NULL,
    matches bigint NOT NULL,
    mismatches bigint NOT NULL,
    errors bigint NOT NULL,
    matched_at timestamptz,
    mismatched_at timestamptz,
    failed_at timestamptz,
    PRIMARY KEY (migration, epoch, instance)
) WITH (fillfactor = 50);
COMMENT ON COLUMN parity_shadow_instance.matched_at IS 'when the last read that agreed was counted; the others alike';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE parity_shadow_instance;
--rollback END $$;
