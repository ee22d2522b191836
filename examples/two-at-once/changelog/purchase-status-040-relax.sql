--liquibase formatted sql logicalFilePath:purchase-status-040-relax.sql

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset purchase-status:040-relax labels:purchase-status,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'purchase-status' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('purchases') AND attname IN ('status') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('purchases') AND conname = 'purchases_status_present')
ALTER TABLE purchases DROP CONSTRAINT IF EXISTS purchases_status_present, ALTER COLUMN status DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
