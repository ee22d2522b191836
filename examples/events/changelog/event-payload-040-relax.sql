--liquibase formatted sql logicalFilePath:event-payload-040-relax.sql

-- On the way back to phase 0, whose writers leave the new columns NULL.
--changeset event-payload:040-relax labels:event-payload,relax runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'event-payload' AND phase <= 1
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('events') AND attname IN ('data') AND attnotnull) OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('events') AND conname = 'events_data_present')
ALTER TABLE events DROP CONSTRAINT IF EXISTS events_data_present, ALTER COLUMN data DROP NOT NULL;
-- enforce brings NOT NULL back, once phase 2 has come again
--rollback empty
