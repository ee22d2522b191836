--liquibase formatted sql logicalFilePath:payments-account-020-index.sql

--changeset payments-account:020-index-1 labels:payments-account,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('payments') AND c.relname = 'payments_account_id_big_idx' AND i.indisvalid
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'payments-account' AND contracted_at IS NULL
CREATE INDEX CONCURRENTLY payments_account_id_big_idx ON payments (account_id_big, id);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/payments-account', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'payments-account' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || 'payments_account_id_big_idx' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS payments_account_id_big_idx;
--rollback END $$;
