--liquibase formatted sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there is
-- something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset zerodowntime:030-status-check labels:orders-status,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'orders-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'status' AND NOT attnotnull
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('orders') AND conname = 'orders_status_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'orders-status' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'orders-status left phase 2: orders.status must accept NULL';
  END IF;
  ALTER TABLE orders ADD CONSTRAINT orders_status_present CHECK (status IS NOT NULL) NOT VALID;
END $$;
--rollback SET lock_timeout = '1250ms';
--rollback ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_status_present;

--changeset zerodowntime:030-status-validate labels:orders-status,enforce runAlways:true
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('orders') AND conname = 'orders_status_present' AND NOT convalidated
ALTER TABLE orders VALIDATE CONSTRAINT orders_status_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset zerodowntime:030-status-not-null labels:orders-status,enforce runAlways:true
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('orders') AND conname = 'orders_status_present' AND convalidated
ALTER TABLE orders ALTER COLUMN status SET NOT NULL;
--rollback SET lock_timeout = '1250ms';
--rollback ALTER TABLE orders ALTER COLUMN status DROP NOT NULL;

--changeset zerodowntime:030-status-drop-check labels:orders-status,enforce runAlways:true
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'status' AND attnotnull
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('orders') AND conname = 'orders_status_present'
ALTER TABLE orders DROP CONSTRAINT orders_status_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset zerodowntime:030-old-status-nullable labels:orders-status,enforce runInTransaction:false runAlways:true rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'orders-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'old_status' AND attnotnull
ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_old_status_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'orders-status' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'phase 3 does not write orders.old_status: go back to phase 2 first';
--rollback   END IF;
--rollback   ALTER TABLE orders ADD CONSTRAINT orders_old_status_present CHECK (old_status IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE orders VALIDATE CONSTRAINT orders_old_status_present;;
--rollback ALTER TABLE orders ALTER COLUMN old_status SET NOT NULL;;
--rollback ALTER TABLE orders DROP CONSTRAINT orders_old_status_present;;

-- On the way back to phase 0, whose writers leave the new column NULL.
--changeset zerodowntime:030-status-relax labels:orders-status,relax runAlways:true
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'orders-status' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'status' AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('orders') AND conname = 'orders_status_present')
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_status_present, ALTER COLUMN status DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
