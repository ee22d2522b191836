--liquibase formatted sql

-- Runs whenever the valid index is missing. One that is there but not valid (a build that failed) is
-- not passed over: the statement fails, and the runner drops the remains before it tries again.
--changeset zerodowntime:020-status-index labels:orders-status,index runInTransaction:false runAlways:true
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('orders_status_idx') AND indisvalid
CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status, id);
--rollback DROP INDEX CONCURRENTLY IF EXISTS orders_status_idx;
