--liquibase formatted sql logicalFilePath:payments-account-040-relax.sql

-- On the way back to phase 0 the foreign key goes back, while accounts is in phase 1 or 0.
--changeset payments-account:040-foreign-key-1 labels:payments-account,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:2 SELECT count(*) FROM migration_state WHERE name IN ('payments-account', 'accounts-id') AND phase <= 1 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_fkey1'
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_fkey'
DO $$
DECLARE zd_found integer;
BEGIN
  PERFORM FROM migration_state WHERE name IN ('payments-account', 'accounts-id') AND phase <= 1 FOR NO KEY UPDATE;
  GET DIAGNOSTICS zd_found = ROW_COUNT;
  IF zd_found < 2 THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account or accounts-id left phase 1: no ' || 'payments_account_id_fkey';
  END IF;
  LOCK TABLE payments IN SHARE ROW EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '100ms', true);
  ALTER TABLE payments ADD CONSTRAINT payments_account_id_fkey FOREIGN KEY (account_id)
    REFERENCES accounts (id) ON DELETE CASCADE NOT VALID;
END $$;
--rollback empty

--changeset payments-account:040-foreign-key-1-validate labels:payments-account,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_fkey' AND NOT convalidated
ALTER TABLE payments VALIDATE CONSTRAINT payments_account_id_fkey;
--rollback empty

--changeset payments-account:040-foreign-key-1-drop labels:payments-account,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND phase <= 1
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_fkey' AND convalidated
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_fkey1'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'payments-account' AND phase <= 1 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account left phase 1, and needs ' || 'payments_account_id_big_fkey1';
  END IF;
  LOCK TABLE payments IN ACCESS EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '100ms', true);
  ALTER TABLE payments DROP CONSTRAINT payments_account_id_big_fkey1;
END $$;
--rollback empty

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset payments-account:040-relax labels:payments-account,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('payments') AND attname IN ('account_id_big') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('payments') AND conname = 'payments_account_id_big_present')
ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_account_id_big_present, ALTER COLUMN account_id_big DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
