--liquibase formatted sql logicalFilePath:purchase-status-010-expand.sql

--changeset purchase-status:010-columns labels:purchase-status,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('purchase-status');
ALTER TABLE purchases ADD COLUMN status varchar(50);
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/purchase-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-status' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-status' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'purchases.status' || ' in use: bring purchase-status back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'purchase-status' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE purchases DROP COLUMN status;
--rollback   DELETE FROM parity_shadow WHERE migration = 'purchase-status';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'purchase-status';
--rollback   DELETE FROM backfill_run WHERE migration = 'purchase-status';
--rollback   DELETE FROM migration_instance WHERE migration = 'purchase-status';
--rollback   DELETE FROM migration_history WHERE migration = 'purchase-status';
--rollback   DELETE FROM migration_state WHERE name = 'purchase-status';
--rollback END $$;

-- Writers that know nothing of the migration write one side; these triggers fill the other.
-- BEFORE triggers run in the order of their names: those that come later see both sides.
--changeset purchase-status:010-sync labels:purchase-status,expand runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:f SELECT count(*) = 2 FROM pg_trigger WHERE tgrelid = to_regclass('purchases') AND tgname IN ('zd_sync_purchase-status_i', 'zd_sync_purchase-status_u') AND tgenabled <> 'D' AND obj_description(tgfoid, 'pg_proc') = 'zd ca798798'
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('purchases') AND attname IN ('old_status') AND NOT attisdropped
CREATE OR REPLACE FUNCTION public."zd_sync_purchase-status"() RETURNS trigger LANGUAGE plpgsql AS $zd_sync0$
#variable_conflict use_variable
DECLARE
  old_status public.purchases.old_status%TYPE := NEW.old_status;
  status public.purchases.status%TYPE := NEW.status;
  zd_old_given boolean;
  zd_new_given boolean;
BEGIN
  IF status IS NOT DISTINCT FROM (lower(old_status)) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
    zd_old_given := old_status IS NOT NULL;
    zd_new_given := status IS NOT NULL;
  ELSE
    zd_old_given := old_status IS DISTINCT FROM OLD.old_status;
    zd_new_given := status IS DISTINCT FROM OLD.status;
  END IF;
  IF zd_old_given AND zd_new_given THEN
    zd_new_given := COALESCE((SELECT s.phase >= 2 FROM public.migration_state s
      WHERE s.name = 'purchase-status'), false);
  END IF;
  IF zd_new_given THEN
    NEW.old_status := upper(status);
  ELSIF zd_old_given OR TG_OP = 'INSERT' THEN
    NEW.status := lower(old_status);
  END IF;
  RETURN NEW;
END $zd_sync0$;
COMMENT ON FUNCTION public."zd_sync_purchase-status"() IS 'zd ca798798';
CREATE OR REPLACE TRIGGER "zd_sync_purchase-status_i" BEFORE INSERT ON purchases
  FOR EACH ROW EXECUTE FUNCTION public."zd_sync_purchase-status"();
CREATE OR REPLACE TRIGGER "zd_sync_purchase-status_u" BEFORE UPDATE ON purchases
  FOR EACH ROW WHEN (OLD.old_status IS DISTINCT FROM NEW.old_status OR OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION public."zd_sync_purchase-status"();
-- in phase 0 readers are given the old columns, which every writer writes
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/purchase-status', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'purchase-status' AND phase > 0 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'writers may rely on the triggers: bring purchase-status back to phase 0 first';
--rollback   END IF;
--rollback   DROP FUNCTION IF EXISTS public."zd_sync_purchase-status"() CASCADE;
--rollback END $$;
