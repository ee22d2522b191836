--liquibase formatted sql

--changeset zerodowntime:010-status-column labels:orders-status,expand rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('orders-status');
ALTER TABLE orders ADD COLUMN status varchar(50);
-- the column goes only while nobody writes or reads it
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM FROM migration_state WHERE name = 'orders-status' AND phase > 0 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'orders.status is in use: bring orders-status back to phase 0 first';
--rollback   END IF;
--rollback   ALTER TABLE orders DROP COLUMN status;
--rollback   DELETE FROM parity_shadow WHERE migration = 'orders-status';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'orders-status';
--rollback   DELETE FROM backfill_run WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_instance WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_history WHERE migration = 'orders-status';
--rollback   DELETE FROM migration_state WHERE name = 'orders-status';
--rollback END $$;
