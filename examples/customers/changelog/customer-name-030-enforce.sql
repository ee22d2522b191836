--liquibase formatted sql logicalFilePath:customer-name-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- A column that your service leaves NULL at times is not to be NOT NULL: take its name out of each
-- statement of this file, before it runs for the first time. One column has to stay.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset customer-name:030-check labels:customer-name,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'customer-name' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('customers') AND attname IN ('first_name', 'last_name') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('customers') AND conname = 'customers_first_name_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'customer-name' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'customer-name left phase 2, and may write NULL: ' || 'customers.first_name, customers.last_name';
  END IF;
  ALTER TABLE customers ADD CONSTRAINT customers_first_name_present CHECK (first_name IS NOT NULL AND last_name IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE customers DROP CONSTRAINT IF EXISTS customers_first_name_present;
--rollback END $$;

--changeset customer-name:030-validate labels:customer-name,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('customers') AND conname = 'customers_first_name_present' AND NOT convalidated
ALTER TABLE customers VALIDATE CONSTRAINT customers_first_name_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset customer-name:030-not-null labels:customer-name,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('customers') AND conname = 'customers_first_name_present' AND convalidated
ALTER TABLE customers ALTER COLUMN first_name SET NOT NULL, ALTER COLUMN last_name SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE customers ALTER COLUMN first_name DROP NOT NULL, ALTER COLUMN last_name DROP NOT NULL;
--rollback END $$;

--changeset customer-name:030-drop-check labels:customer-name,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('customers') AND attname IN ('first_name', 'last_name') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('customers') AND conname = 'customers_first_name_present'
ALTER TABLE customers DROP CONSTRAINT customers_first_name_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset customer-name:030-old-optional labels:customer-name,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'customer-name' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('customers') AND attname IN ('full_name') AND attnotnull)
ALTER TABLE customers ALTER COLUMN full_name DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE customers DROP CONSTRAINT IF EXISTS customers_full_name_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/customer-name', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'customer-name' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'customers.full_name';
--rollback   END IF;
--rollback   ALTER TABLE customers ADD CONSTRAINT customers_full_name_present CHECK (full_name IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE customers VALIDATE CONSTRAINT customers_full_name_present;;
--rollback ALTER TABLE customers ALTER COLUMN full_name SET NOT NULL;;
--rollback ALTER TABLE customers DROP CONSTRAINT customers_full_name_present;;
