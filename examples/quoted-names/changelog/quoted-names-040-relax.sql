--liquibase formatted sql logicalFilePath:quoted-names-040-relax.sql

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset quoted-names:040-relax labels:quoted-names,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'quoted-names' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('"My Shop"."Order"') AND attname IN ('it''s') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('"My Shop"."Order"') AND conname = 'Order_it''s_present')
ALTER TABLE "My Shop"."Order" DROP CONSTRAINT IF EXISTS "Order_it's_present", ALTER COLUMN "it's" DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
