--liquibase formatted sql logicalFilePath:event-payload-030-enforce.sql

-- The fleet may go forward and back many times: each changeset looks at the catalog whether there
-- is something left to do, so that an attempt that failed half way is taken up where it stopped.
-- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets writers
-- pass.

-- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
--changeset event-payload:030-check labels:event-payload,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'event-payload' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('events') AND attname IN ('data') AND NOT attnotnull)
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('events') AND conname = 'events_data_present'
DO $$
BEGIN
  PERFORM FROM migration_state WHERE name = 'event-payload' AND phase >= 2 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'event-payload left phase 2, and may write NULL: ' || 'events.data';
  END IF;
  ALTER TABLE events ADD CONSTRAINT events_data_present CHECK (data IS NOT NULL) NOT VALID;
END $$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE events DROP CONSTRAINT IF EXISTS events_data_present;
--rollback END $$;

--changeset event-payload:030-validate labels:event-payload,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('events') AND conname = 'events_data_present' AND NOT convalidated
ALTER TABLE events VALIDATE CONSTRAINT events_data_present;
-- validity is a finding about the rows: there is nothing to take back
--rollback empty

--changeset event-payload:030-not-null labels:event-payload,enforce runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('events') AND conname = 'events_data_present' AND convalidated
ALTER TABLE events ALTER COLUMN data SET NOT NULL;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   ALTER TABLE events ALTER COLUMN data DROP NOT NULL;
--rollback END $$;

--changeset event-payload:030-drop-check labels:event-payload,enforce runAlways:true splitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('events') AND attname IN ('data') AND NOT attnotnull)
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass('events') AND conname = 'events_data_present'
ALTER TABLE events DROP CONSTRAINT events_data_present;
-- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
--rollback empty

--changeset event-payload:030-old-optional labels:event-payload,enforce runInTransaction:false runAlways:true splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = 'event-payload' AND phase >= 2 AND drained_at IS NOT NULL
--precondition-sql-check expectedResult:t SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('events') AND attname IN ('payload') AND attnotnull)
ALTER TABLE events ALTER COLUMN payload DROP NOT NULL;
-- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
--rollback SET lock_timeout = '1250ms';;
--rollback ALTER TABLE events DROP CONSTRAINT IF EXISTS events_payload_present;;
--rollback DO $$
--rollback BEGIN
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/event-payload', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'event-payload' AND phase = 3 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not write ' || 'events.payload';
--rollback   END IF;
--rollback   ALTER TABLE events ADD CONSTRAINT events_payload_present CHECK (payload IS NOT NULL) NOT VALID;
--rollback END $$;;
--rollback ALTER TABLE events VALIDATE CONSTRAINT events_payload_present;;
--rollback ALTER TABLE events ALTER COLUMN payload SET NOT NULL;;
--rollback ALTER TABLE events DROP CONSTRAINT events_payload_present;;
