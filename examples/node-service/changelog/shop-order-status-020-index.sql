--liquibase formatted sql logicalFilePath:shop-order-status-020-index.sql

--changeset shop-order-status:020-index-1 labels:shop-order-status,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('shop_orders') AND c.relname = 'shop_orders_status_idx' AND i.indisvalid
CREATE INDEX CONCURRENTLY shop_orders_status_idx ON shop_orders (status, id);
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/shop-order-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'shop-order-status' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || 'shop_orders_status_idx' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS shop_orders_status_idx;
--rollback END $$;
