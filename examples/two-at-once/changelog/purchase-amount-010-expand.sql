--liquibase formatted sql logicalFilePath:purchase-amount-010-expand.sql

--changeset purchase-amount:010-columns labels:purchase-amount,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('purchase-amount');
ALTER TABLE purchases ADD COLUMN amount_cents bigint;
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/purchase-amount', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-amount' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-amount' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'purchases.amount_cents' || ' in use: bring purchase-amount back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'purchase-amount' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE purchases DROP COLUMN amount_cents;
--rollback   DELETE FROM parity_shadow WHERE migration = 'purchase-amount';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'purchase-amount';
--rollback   DELETE FROM backfill_run WHERE migration = 'purchase-amount';
--rollback   DELETE FROM migration_instance WHERE migration = 'purchase-amount';
--rollback   DELETE FROM migration_history WHERE migration = 'purchase-amount';
--rollback   DELETE FROM migration_state WHERE name = 'purchase-amount';
--rollback END $$;
