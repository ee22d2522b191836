--liquibase formatted sql

-- The last steps refuse by themselves, whoever runs them. The engine's own guard asks far more before
-- it lets them run: the contract command, or POST /migrations/orders-status/contract.

--changeset zerodowntime:090-drop-old-status-index labels:orders-status,contract runInTransaction:false
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"orders-status: phase 3, drained" SELECT 'orders-status: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'orders-status'
DROP INDEX CONCURRENTLY IF EXISTS orders_old_status_idx;
--rollback CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_old_status_idx ON orders (lower(old_status), id);

-- The state's row is locked: no step can begin between the look and the drop. Its rollback is not one
-- transaction, so that no lock of ADD COLUMN is held while the values are computed.
--changeset zerodowntime:090-drop-old-status labels:orders-status,contract runInTransaction:false splitStatements:false
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
--rollback ALTER TABLE orders ADD COLUMN IF NOT EXISTS old_status varchar(50);
--rollback UPDATE orders SET old_status = upper(status) WHERE old_status IS NULL;
--rollback UPDATE migration_state SET contracted_at = NULL WHERE name = 'orders-status';
