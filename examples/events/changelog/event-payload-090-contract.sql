--liquibase formatted sql logicalFilePath:event-payload-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/event-payload/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset event-payload:090-drop labels:event-payload,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"event-payload: phase 3, drained" SELECT 'event-payload: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'event-payload'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'event-payload' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'event-payload is not in phase 3, or not drained, and keeps ' || 'events.payload';
  END IF;
  ALTER TABLE events DROP COLUMN IF EXISTS payload;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'event-payload';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/event-payload', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'event-payload' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'event-payload is not in phase 3, and needs values in ' || 'events.payload';
--rollback   END IF;
--rollback   ALTER TABLE events ADD COLUMN IF NOT EXISTS payload text;
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'event-payload';
--rollback END $$;;
