--liquibase formatted sql logicalFilePath:accounts-id-040-relax.sql

-- On the way back to phase 0 the primary key goes back, once no foreign key refers to the new
-- one. Its column was filled in phase 2; that it holds no NULL is proven by way of a CHECK.
--changeset accounts-id:040-old-check labels:accounts-id,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase <= 1
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND contype = 'p' AND conname = 'accounts_id_big_key'
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_present'
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass('accounts') AND (SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname = 'id_big') = ANY (confkey)
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase <= 1 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'accounts-id left phase 1, and may write NULL: ' || 'accounts.id';
  END IF;
  ALTER TABLE accounts ADD CONSTRAINT accounts_id_present CHECK (id IS NOT NULL) NOT VALID;
END $$;
--rollback empty

--changeset accounts-id:040-old-validate labels:accounts-id,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_present' AND NOT convalidated
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_id_present;
--rollback empty

--changeset accounts-id:040-primary-key labels:accounts-id,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase <= 1
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_present' AND convalidated
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND contype = 'p' AND conname = 'accounts_id_big_key'
--precondition-sql-check expectedResult:2 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('accounts') AND i.indisvalid AND c.relname IN ('accounts_id_key', 'accounts_id_big_key')
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass('accounts') AND (SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname = 'id_big') = ANY (confkey)
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase <= 1 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'accounts-id left phase 1, and needs the key ' || 'accounts.id_big';
  END IF;
  ALTER TABLE accounts ALTER COLUMN id SET NOT NULL;
  ALTER TABLE accounts DROP CONSTRAINT accounts_id_present;
  ALTER TABLE accounts DROP CONSTRAINT accounts_id_big_key;
  ALTER TABLE accounts ADD CONSTRAINT accounts_pkey PRIMARY KEY USING INDEX accounts_id_key;
  ALTER TABLE accounts ALTER COLUMN id_big DROP DEFAULT, ALTER COLUMN id SET DEFAULT nextval('accounts_id_seq'::regclass);
  ALTER SEQUENCE accounts_id_seq OWNED BY accounts.id;
  ALTER TABLE accounts ALTER COLUMN id_big DROP NOT NULL;
END $$;
-- enforce moves the key again, once phase 2 has come again
--rollback empty

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset accounts-id:040-relax labels:accounts-id,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname IN ('id_big') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_big_present')
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND contype = 'p' AND conname = 'accounts_id_big_key'
ALTER TABLE accounts DROP CONSTRAINT IF EXISTS accounts_id_big_present, ALTER COLUMN id_big DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
