--liquibase formatted sql logicalFilePath:accounts-id-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset accounts-id:030-check labels:accounts-id,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname IN ('id_big') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_big_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'accounts-id left phase 2, and may write NULL: ' || 'accounts.id_big';
  END IF;
  ALTER TABLE accounts ADD CONSTRAINT accounts_id_big_present CHECK (id_big IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE accounts DROP CONSTRAINT IF EXISTS accounts_id_big_present;
--rollback END $$;

--changeset accounts-id:030-validate labels:accounts-id,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_big_present' AND NOT convalidated
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_id_big_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset accounts-id:030-not-null labels:accounts-id,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_big_present' AND convalidated
ALTER TABLE accounts ALTER COLUMN id_big SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE accounts ALTER COLUMN id_big DROP NOT NULL;
--rollback END $$;

--changeset accounts-id:030-drop-check labels:accounts-id,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname IN ('id_big') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_big_present'
ALTER TABLE accounts DROP CONSTRAINT accounts_id_big_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

-- left behind by a way back to phase 0 that was not gone to its end
--changeset accounts-id:030-drop-old-check labels:accounts-id,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase >= 2
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND conname = 'accounts_id_present'
ALTER TABLE accounts DROP CONSTRAINT accounts_id_present;
--rollback empty

-- It waits until no foreign key refers to the old key: those of other tables move first, by
-- migrations of their own. One transaction, of the catalog only; the new index becomes the
-- primary key's, and the numbers go on in the new column.
--changeset accounts-id:030-primary-key labels:accounts-id,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname IN ('id_big') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('accounts') AND contype = 'p' AND conname = 'accounts_pkey'
--precondition-sql-check expectedResult:2 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('accounts') AND i.indisvalid AND c.relname IN ('accounts_id_key', 'accounts_id_big_key')
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass('accounts') AND (SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname = 'id') = ANY (confkey)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND contracted_at IS NULL
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'accounts-id left phase 2, and needs the key ' || 'accounts.id';
  END IF;
  ALTER TABLE accounts DROP CONSTRAINT accounts_pkey;
  ALTER TABLE accounts ADD CONSTRAINT accounts_id_big_key PRIMARY KEY USING INDEX accounts_id_big_key;
  ALTER TABLE accounts ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id_big SET DEFAULT nextval('accounts_id_seq'::regclass);
  ALTER SEQUENCE accounts_id_seq OWNED BY accounts.id_big;
  ALTER TABLE accounts ALTER COLUMN id DROP NOT NULL;
END $$;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE accounts DROP CONSTRAINT IF EXISTS accounts_id_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/accounts-id', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'accounts.id';
--rollback   END IF;
--rollback   ALTER TABLE accounts ADD CONSTRAINT accounts_id_present CHECK (id IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE accounts VALIDATE CONSTRAINT accounts_id_present;;
--rollback DO $$
--rollback BEGIN
--rollback   ALTER TABLE accounts ALTER COLUMN id SET NOT NULL;
--rollback   ALTER TABLE accounts DROP CONSTRAINT accounts_id_present;
--rollback   ALTER TABLE accounts DROP CONSTRAINT accounts_id_big_key;
--rollback   ALTER TABLE accounts ADD CONSTRAINT accounts_pkey PRIMARY KEY USING INDEX accounts_id_key;
--rollback   ALTER TABLE accounts ALTER COLUMN id_big DROP DEFAULT, ALTER COLUMN id SET DEFAULT nextval('accounts_id_seq'::regclass);
--rollback   ALTER SEQUENCE accounts_id_seq OWNED BY accounts.id;
--rollback   ALTER TABLE accounts ALTER COLUMN id_big DROP NOT NULL;
--rollback END $$;;
