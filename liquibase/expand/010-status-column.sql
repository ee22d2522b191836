--liquibase formatted sql

--changeset zerodowntime:010-status-column labels:orders-status,expand rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('orders-status');
ALTER TABLE orders ADD COLUMN status varchar(50);
-- The column and the state's row go only while no instance is live: the fence of every write needs
-- that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'orders-status' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'orders-status' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'orders.status is in use: bring orders-status back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'orders-status' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE orders DROP COLUMN status;
--rollback   DELETE FROM parity_shadow WHERE migration = 'orders-status';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'orders-status';
--rollback   DELETE FROM backfill_run WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_instance WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_history WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_state WHERE name = 'orders-status';
--rollback END $$;
