--liquibase formatted sql logicalFilePath:customer-name-020-index.sql

--changeset customer-name:020-index-1 labels:customer-name,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('customers') AND c.relname = 'customers_last_name_idx' AND i.indisvalid
-- look at the columns: the form of customers_full_name_idx cannot be carried over: CREATE INDEX customers_full_name_idx ON customers USING btree (full_name)
CREATE INDEX CONCURRENTLY customers_last_name_idx ON customers (first_name, last_name);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/customer-name', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'customer-name' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || 'customers_last_name_idx' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS customers_last_name_idx;
--rollback END $$;
