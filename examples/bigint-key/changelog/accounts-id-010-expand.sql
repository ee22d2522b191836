--liquibase formatted sql logicalFilePath:accounts-id-010-expand.sql

--changeset accounts-id:010-columns labels:accounts-id,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('accounts-id');
ALTER TABLE accounts ADD COLUMN id_big bigint;
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/accounts-id', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'accounts-id' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'accounts.id_big' || ' in use: bring accounts-id back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'accounts-id' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE accounts DROP COLUMN id_big;
--rollback   DELETE FROM parity_shadow WHERE migration = 'accounts-id';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'accounts-id';
--rollback   DELETE FROM backfill_run WHERE migration = 'accounts-id';
--rollback   DELETE FROM migration_instance WHERE migration = 'accounts-id';
--rollback   DELETE FROM migration_history WHERE migration = 'accounts-id';
--rollback   DELETE FROM migration_state WHERE name = 'accounts-id';
--rollback END $$;
