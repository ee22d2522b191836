--liquibase formatted sql logicalFilePath:payments-account-010-expand.sql

--changeset payments-account:010-columns labels:payments-account,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('payments-account');
ALTER TABLE payments ADD COLUMN account_id_big bigint;
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/payments-account', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'payments-account' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'payments-account' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'payments.account_id_big' || ' in use: bring payments-account back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'payments-account' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE payments DROP COLUMN account_id_big;
--rollback   DELETE FROM parity_shadow WHERE migration = 'payments-account';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'payments-account';
--rollback   DELETE FROM backfill_run WHERE migration = 'payments-account';
--rollback   DELETE FROM migration_instance WHERE migration = 'payments-account';
--rollback   DELETE FROM migration_history WHERE migration = 'payments-account';
--rollback   DELETE FROM migration_state WHERE name = 'payments-account';
--rollback END $$;
