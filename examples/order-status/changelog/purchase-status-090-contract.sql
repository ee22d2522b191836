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
--rollback   CREATE OR REPLACE FUNCTION public."zd_sync_purchase-status"() RETURNS trigger LANGUAGE plpgsql AS $zd_sync0$
--rollback   #variable_conflict use_variable
--rollback   DECLARE
--rollback     old_status public.purchases.old_status%TYPE := NEW.old_status;
--rollback     status public.purchases.status%TYPE := NEW.status;
--rollback     zd_old_given boolean;
--rollback     zd_new_given boolean;
--rollback   BEGIN
--rollback     IF status IS NOT DISTINCT FROM (lower(old_status)) THEN
--rollback       RETURN NEW;
--rollback     END IF;
--rollback     IF TG_OP = 'INSERT' THEN
--rollback       zd_old_given := old_status IS NOT NULL;
--rollback       zd_new_given := status IS NOT NULL;
--rollback     ELSE
--rollback       zd_old_given := old_status IS DISTINCT FROM OLD.old_status;
--rollback       zd_new_given := status IS DISTINCT FROM OLD.status;
--rollback     END IF;
--rollback     IF zd_old_given AND zd_new_given THEN
--rollback       zd_new_given := COALESCE((SELECT s.phase >= 2 FROM public.migration_state s
--rollback         WHERE s.name = 'purchase-status'), false);
--rollback     END IF;
--rollback     IF zd_new_given THEN
--rollback       NEW.old_status := upper(status);
--rollback     ELSIF zd_old_given OR TG_OP = 'INSERT' THEN
--rollback       NEW.status := lower(old_status);
--rollback     END IF;
--rollback     RETURN NEW;
--rollback   END $zd_sync0$;
--rollback   COMMENT ON FUNCTION public."zd_sync_purchase-status"() IS 'zd ca798798';
--rollback   CREATE OR REPLACE TRIGGER "zd_sync_purchase-status_i" BEFORE INSERT ON purchases
--rollback     FOR EACH ROW EXECUTE FUNCTION public."zd_sync_purchase-status"();
--rollback   CREATE OR REPLACE TRIGGER "zd_sync_purchase-status_u" BEFORE UPDATE ON purchases
--rollback     FOR EACH ROW WHEN (OLD.old_status IS DISTINCT FROM NEW.old_status OR OLD.status IS DISTINCT FROM NEW.status)
--rollback     EXECUTE FUNCTION public."zd_sync_purchase-status"();
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'purchase-status';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS purchases_old_status_idx;;
--rollback CREATE INDEX CONCURRENTLY purchases_old_status_idx ON purchases USING btree (old_status, id);;
