--liquibase formatted sql logicalFilePath:accounts-id-020-index.sql

--changeset accounts-id:020-index-1 labels:accounts-id,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('accounts') AND c.relname = 'accounts_id_key' AND i.indisvalid
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND contracted_at IS NULL
CREATE UNIQUE INDEX CONCURRENTLY accounts_id_key ON accounts (id);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/accounts-id', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || 'accounts_id_key' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS accounts_id_key;
--rollback END $$;

--changeset accounts-id:020-index-2 labels:accounts-id,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('accounts') AND c.relname = 'accounts_id_big_key' AND i.indisvalid
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'accounts-id' AND contracted_at IS NULL
CREATE UNIQUE INDEX CONCURRENTLY accounts_id_big_key ON accounts (id_big);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/accounts-id', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'accounts-id' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || 'accounts_id_big_key' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS accounts_id_big_key;
--rollback END $$;
