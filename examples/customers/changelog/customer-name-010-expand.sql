--liquibase formatted sql logicalFilePath:customer-name-010-expand.sql

--changeset customer-name:010-columns labels:customer-name,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('customer-name');
ALTER TABLE customers ADD COLUMN first_name text, ADD COLUMN last_name text;
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/customer-name', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'customer-name' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'customer-name' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'customers.first_name, customers.last_name' || ' in use: bring customer-name back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'customer-name' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE customers DROP COLUMN first_name, DROP COLUMN last_name;
--rollback   DELETE FROM parity_shadow WHERE migration = 'customer-name';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'customer-name';
--rollback   DELETE FROM backfill_run WHERE migration = 'customer-name';
--rollback   DELETE FROM migration_instance WHERE migration = 'customer-name';
--rollback   DELETE FROM migration_history WHERE migration = 'customer-name';
--rollback   DELETE FROM migration_state WHERE name = 'customer-name';
--rollback END $$;
