--liquibase formatted sql logicalFilePath:purchase-status-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/purchase-status/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset purchase-status:090-drop labels:purchase-status,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"purchase-status: phase 3, drained" SELECT 'purchase-status: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'purchase-status'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'purchase-status' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'purchase-status is not in phase 3, or not drained, and keeps ' || 'purchases.old_status';
  END IF;
  DROP FUNCTION IF EXISTS public."zd_sync_purchase-status"() CASCADE;
  ALTER TABLE purchases DROP COLUMN IF EXISTS old_status;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'purchase-status';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/purchase-status', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'purchase-status' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'purchase-status is not in phase 3, and needs values in ' || 'purchases.old_status';
--rollback   END IF;
--rollback   ALTER TABLE purchases ADD COLUMN IF NOT EXISTS old_status character varying(50);
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'purchase-status';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS purchases_old_status_idx;;
--rollback CREATE INDEX CONCURRENTLY purchases_old_status_idx ON purchases USING btree (old_status, id);;
