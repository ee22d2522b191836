--liquibase formatted sql logicalFilePath:customer-name-040-relax.sql

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset customer-name:040-relax labels:customer-name,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'customer-name' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('customers') AND attname IN ('first_name', 'last_name') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('customers') AND conname = 'customers_first_name_present')
ALTER TABLE customers DROP CONSTRAINT IF EXISTS customers_first_name_present, ALTER COLUMN first_name DROP NOT NULL, ALTER COLUMN last_name DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
