--liquibase formatted sql logicalFilePath:shop-order-status-040-relax.sql

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset shop-order-status:040-relax labels:shop-order-status,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'shop-order-status' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('shop_orders') AND attname IN ('status') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('shop_orders') AND conname = 'shop_orders_status_present')
ALTER TABLE shop_orders DROP CONSTRAINT IF EXISTS shop_orders_status_present, ALTER COLUMN status DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
