--liquibase formatted sql logicalFilePath:shop-order-status-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset shop-order-status:030-check labels:shop-order-status,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'shop-order-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('shop_orders') AND attname IN ('status') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('shop_orders') AND conname = 'shop_orders_status_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'shop-order-status' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'shop-order-status left phase 2, and may write NULL: ' || 'shop_orders.status';
  END IF;
  ALTER TABLE shop_orders ADD CONSTRAINT shop_orders_status_present CHECK (status IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE shop_orders DROP CONSTRAINT IF EXISTS shop_orders_status_present;
--rollback END $$;

--changeset shop-order-status:030-validate labels:shop-order-status,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('shop_orders') AND conname = 'shop_orders_status_present' AND NOT convalidated
ALTER TABLE shop_orders VALIDATE CONSTRAINT shop_orders_status_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset shop-order-status:030-not-null labels:shop-order-status,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('shop_orders') AND conname = 'shop_orders_status_present' AND convalidated
ALTER TABLE shop_orders ALTER COLUMN status SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE shop_orders ALTER COLUMN status DROP NOT NULL;
--rollback END $$;

--changeset shop-order-status:030-drop-check labels:shop-order-status,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('shop_orders') AND attname IN ('status') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('shop_orders') AND conname = 'shop_orders_status_present'
ALTER TABLE shop_orders DROP CONSTRAINT shop_orders_status_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset shop-order-status:030-old-optional labels:shop-order-status,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'shop-order-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('shop_orders') AND attname IN ('old_status') AND attnotnull)
ALTER TABLE shop_orders ALTER COLUMN old_status DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE shop_orders DROP CONSTRAINT IF EXISTS shop_orders_old_status_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/shop-order-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'shop-order-status' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'shop_orders.old_status';
--rollback   END IF;
--rollback   ALTER TABLE shop_orders ADD CONSTRAINT shop_orders_old_status_present CHECK (old_status IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE shop_orders VALIDATE CONSTRAINT shop_orders_old_status_present;;
--rollback ALTER TABLE shop_orders ALTER COLUMN old_status SET NOT NULL;;
--rollback ALTER TABLE shop_orders DROP CONSTRAINT shop_orders_old_status_present;;
