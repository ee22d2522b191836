--liquibase formatted sql logicalFilePath:purchase-status-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset purchase-status:030-check labels:purchase-status,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'purchase-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('purchases') AND attname IN ('status') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('purchases') AND conname = 'purchases_status_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'purchase-status' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'purchase-status left phase 2, and may write NULL: ' || 'purchases.status';
  END IF;
  ALTER TABLE purchases ADD CONSTRAINT purchases_status_present CHECK (status IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE purchases DROP CONSTRAINT IF EXISTS purchases_status_present;
--rollback END $$;

--changeset purchase-status:030-validate labels:purchase-status,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('purchases') AND conname = 'purchases_status_present' AND NOT convalidated
ALTER TABLE purchases VALIDATE CONSTRAINT purchases_status_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset purchase-status:030-not-null labels:purchase-status,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('purchases') AND conname = 'purchases_status_present' AND convalidated
ALTER TABLE purchases ALTER COLUMN status SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE purchases ALTER COLUMN status DROP NOT NULL;
--rollback END $$;

--changeset purchase-status:030-drop-check labels:purchase-status,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('purchases') AND attname IN ('status') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('purchases') AND conname = 'purchases_status_present'
ALTER TABLE purchases DROP CONSTRAINT purchases_status_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset purchase-status:030-old-optional labels:purchase-status,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'purchase-status' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('purchases') AND attname IN ('old_status') AND attnotnull)
ALTER TABLE purchases ALTER COLUMN old_status DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE purchases DROP CONSTRAINT IF EXISTS purchases_old_status_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/purchase-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-status' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'purchases.old_status';
--rollback   END IF;
--rollback   ALTER TABLE purchases ADD CONSTRAINT purchases_old_status_present CHECK (old_status IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE purchases VALIDATE CONSTRAINT purchases_old_status_present;;
--rollback ALTER TABLE purchases ALTER COLUMN old_status SET NOT NULL;;
--rollback ALTER TABLE purchases DROP CONSTRAINT purchases_old_status_present;;
