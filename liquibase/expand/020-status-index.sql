--liquibase formatted sql

-- Runs whenever the valid index is missing. One that is there but not valid (a build that failed) is
-- not passed over: the statement fails, and the runner drops the remains before it tries again.
--changeset zerodowntime:020-status-index labels:orders-status,index runInTransaction:false runAlways:true rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('orders_status_idx') AND indisvalid
CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status, id);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'orders-status' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'reads of phases 2 and 3 need orders_status_idx: go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS orders_status_idx;
--rollback END $$;
