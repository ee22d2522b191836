--liquibase formatted sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more before it
-- lets it run: the contract command, or POST /migrations/orders-status/contract.

-- One transaction: the column takes its index along, and a failure leaves both. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset zerodowntime:090-drop-old-status labels:orders-status,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"orders-status: phase 3, drained" SELECT 'orders-status: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'orders-status'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'orders-status' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'orders.old_status stays: orders-status is not in phase 3, or not drained';
  END IF;
  ALTER TABLE orders DROP COLUMN IF EXISTS old_status;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'orders-status';
END $$;
-- Brings the column back, empty: the reverse backfill of phase 2 fills it, in batches. A live fleet
-- may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'orders-status' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION 'orders.old_status cannot come back empty: orders-status is not in phase 3';
--rollback   END IF;
--rollback   ALTER TABLE orders ADD COLUMN IF NOT EXISTS old_status varchar(50);
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'orders-status';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS orders_old_status_idx;;
--rollback CREATE INDEX CONCURRENTLY orders_old_status_idx ON orders (lower(old_status), id);;
