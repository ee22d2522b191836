--liquibase formatted sql

-- An addition only: an instance of the former version goes on beside. It takes its lock for a moment.
--changeset zerodowntime:006-key labels:initial rollbackSplitStatements:false
ALTER TABLE backfill_run ADD COLUMN new_key boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN backfill_run.new_key IS 'follows the key of the new side, of a migration that moves the key';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   ALTER TABLE backfill_run DROP COLUMN new_key;
--rollback END $$;
