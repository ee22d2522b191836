--liquibase formatted sql logicalFilePath:quoted-names-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset quoted-names:030-check labels:quoted-names,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'quoted-names' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('"My Shop"."Order"') AND attname IN ('it''s') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('"My Shop"."Order"') AND conname = 'Order_it''s_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'quoted-names' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'quoted-names left phase 2, and may write NULL: ' || '"My Shop"."Order"."it''s"';
  END IF;
  ALTER TABLE "My Shop"."Order" ADD CONSTRAINT "Order_it's_present" CHECK ("it's" IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE "My Shop"."Order" DROP CONSTRAINT IF EXISTS "Order_it's_present";
--rollback END $$;

--changeset quoted-names:030-validate labels:quoted-names,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('"My Shop"."Order"') AND conname = 'Order_it''s_present' AND NOT convalidated
ALTER TABLE "My Shop"."Order" VALIDATE CONSTRAINT "Order_it's_present";
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset quoted-names:030-not-null labels:quoted-names,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('"My Shop"."Order"') AND conname = 'Order_it''s_present' AND convalidated
ALTER TABLE "My Shop"."Order" ALTER COLUMN "it's" SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE "My Shop"."Order" ALTER COLUMN "it's" DROP NOT NULL;
--rollback END $$;

--changeset quoted-names:030-drop-check labels:quoted-names,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('"My Shop"."Order"') AND attname IN ('it''s') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('"My Shop"."Order"') AND conname = 'Order_it''s_present'
ALTER TABLE "My Shop"."Order" DROP CONSTRAINT "Order_it's_present";
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset quoted-names:030-old-optional labels:quoted-names,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'quoted-names' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('"My Shop"."Order"') AND attname IN ('select') AND attnotnull)
ALTER TABLE "My Shop"."Order" ALTER COLUMN "select" DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE "My Shop"."Order" DROP CONSTRAINT IF EXISTS "Order_select_present";;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/quoted-names', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'quoted-names' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || '"My Shop"."Order"."select"';
--rollback   END IF;
--rollback   ALTER TABLE "My Shop"."Order" ADD CONSTRAINT "Order_select_present" CHECK ("select" IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE "My Shop"."Order" VALIDATE CONSTRAINT "Order_select_present";;
--rollback ALTER TABLE "My Shop"."Order" ALTER COLUMN "select" SET NOT NULL;;
--rollback ALTER TABLE "My Shop"."Order" DROP CONSTRAINT "Order_select_present";;
