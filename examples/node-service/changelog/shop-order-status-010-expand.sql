--liquibase formatted sql logicalFilePath:shop-order-status-010-expand.sql

--changeset shop-order-status:010-columns labels:shop-order-status,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('shop-order-status');
ALTER TABLE shop_orders ADD COLUMN status varchar(50);
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/shop-order-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'shop-order-status' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'shop-order-status' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'shop_orders.status' || ' in use: bring shop-order-status back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'shop-order-status' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE shop_orders DROP COLUMN status;
--rollback   DELETE FROM parity_shadow WHERE migration = 'shop-order-status';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'shop-order-status';
--rollback   DELETE FROM backfill_run WHERE migration = 'shop-order-status';
--rollback   DELETE FROM migration_instance WHERE migration = 'shop-order-status';
--rollback   DELETE FROM migration_history WHERE migration = 'shop-order-status';
--rollback   DELETE FROM migration_state WHERE name = 'shop-order-status';
--rollback END $$;
