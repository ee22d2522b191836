--liquibase formatted sql logicalFilePath:shop-order-status-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/shop-order-status/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset shop-order-status:090-drop labels:shop-order-status,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"shop-order-status: phase 3, drained" SELECT 'shop-order-status: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'shop-order-status'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'shop-order-status' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'shop-order-status is not in phase 3, or not drained, and keeps ' || 'shop_orders.old_status';
  END IF;
  ALTER TABLE shop_orders DROP COLUMN IF EXISTS old_status;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'shop-order-status';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/shop-order-status', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'shop-order-status' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'shop-order-status is not in phase 3, and needs values in ' || 'shop_orders.old_status';
--rollback   END IF;
--rollback   ALTER TABLE shop_orders ADD COLUMN IF NOT EXISTS old_status character varying(50);
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'shop-order-status';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS shop_orders_old_status_idx;;
--rollback CREATE INDEX CONCURRENTLY shop_orders_old_status_idx ON shop_orders USING btree (old_status, id);;
