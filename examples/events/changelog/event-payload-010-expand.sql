--liquibase formatted sql logicalFilePath:event-payload-010-expand.sql

--changeset event-payload:010-columns labels:event-payload,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('event-payload');
ALTER TABLE events ADD COLUMN data jsonb;
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/event-payload', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'event-payload' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'event-payload' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'events.data' || ' in use: bring event-payload back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'event-payload' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE events DROP COLUMN data;
--rollback   DELETE FROM parity_shadow WHERE migration = 'event-payload';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'event-payload';
--rollback   DELETE FROM backfill_run WHERE migration = 'event-payload';
--rollback   DELETE FROM migration_instance WHERE migration = 'event-payload';
--rollback   DELETE FROM migration_history WHERE migration = 'event-payload';
--rollback   DELETE FROM migration_state WHERE name = 'event-payload';
--rollback END $$;
