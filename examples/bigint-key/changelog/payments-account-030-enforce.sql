--liquibase formatted sql logicalFilePath:payments-account-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset payments-account:030-check labels:payments-account,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('payments') AND attname IN ('account_id_big') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'payments-account' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account left phase 2, and may write NULL: ' || 'payments.account_id_big';
  END IF;
  ALTER TABLE payments ADD CONSTRAINT payments_account_id_big_present CHECK (account_id_big IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_account_id_big_present;
--rollback END $$;

--changeset payments-account:030-validate labels:payments-account,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_present' AND NOT convalidated
ALTER TABLE payments VALIDATE CONSTRAINT payments_account_id_big_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset payments-account:030-not-null labels:payments-account,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_present' AND convalidated
ALTER TABLE payments ALTER COLUMN account_id_big SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE payments ALTER COLUMN account_id_big DROP NOT NULL;
--rollback END $$;

--changeset payments-account:030-drop-check labels:payments-account,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('payments') AND attname IN ('account_id_big') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_present'
ALTER TABLE payments DROP CONSTRAINT payments_account_id_big_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

-- The new foreign key is checked for new rows at once and for the others by VALIDATE, which lets
-- writers pass; then the old one goes. accounts comes first: its new key must be complete.
-- With one table locked the other one is waited for 100 ms: a client that holds it is not to wait.
--changeset payments-account:030-foreign-key-1 labels:payments-account,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:2 SELECT count(*) FROM migration_state WHERE name IN ('payments-account', 'accounts-id') AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_fkey'
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_fkey1'
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid JOIN pg_class c ON c.oid = i.indexrelid WHERE a.attrelid = to_regclass('accounts') AND a.attname = 'id_big' AND a.attnotnull AND c.relname = 'accounts_id_big_key' AND i.indisvalid
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND contracted_at IS NULL
DO $$
DECLARE zd_found integer;
BEGIN
  PERFORM FROM migration_state WHERE name IN ('payments-account', 'accounts-id') AND phase >= 2 FOR NO KEY UPDATE;
  GET DIAGNOSTICS zd_found = ROW_COUNT;
  IF zd_found < 2 THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account or accounts-id left phase 2: no ' || 'payments_account_id_big_fkey1';
  END IF;
  LOCK TABLE payments IN SHARE ROW EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '100ms', true);
  ALTER TABLE payments ADD CONSTRAINT payments_account_id_big_fkey1 FOREIGN KEY (account_id_big)
    REFERENCES accounts (id_big) ON DELETE CASCADE NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_account_id_big_fkey1;
--rollback END $$;

--changeset payments-account:030-foreign-key-1-validate labels:payments-account,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_fkey1' AND NOT convalidated
ALTER TABLE payments VALIDATE CONSTRAINT payments_account_id_big_fkey1;
--rollback empty

--changeset payments-account:030-foreign-key-1-drop labels:payments-account,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_fkey1' AND convalidated
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_fkey'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'payments-account' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account left phase 2, and needs ' || 'payments_account_id_fkey';
  END IF;
  LOCK TABLE payments IN ACCESS EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '100ms', true);
  ALTER TABLE payments DROP CONSTRAINT payments_account_id_fkey;
END $$;
-- relax brings it back, on the way to phase 0
--rollback empty

--changeset payments-account:030-old-optional labels:payments-account,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('payments') AND attname IN ('account_id') AND attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND contracted_at IS NULL
ALTER TABLE payments ALTER COLUMN account_id DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_account_id_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/payments-account', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'payments-account' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'payments.account_id';
--rollback   END IF;
--rollback   ALTER TABLE payments ADD CONSTRAINT payments_account_id_present CHECK (account_id IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE payments VALIDATE CONSTRAINT payments_account_id_present;;
--rollback ALTER TABLE payments ALTER COLUMN account_id SET NOT NULL;;
--rollback ALTER TABLE payments DROP CONSTRAINT payments_account_id_present;;
