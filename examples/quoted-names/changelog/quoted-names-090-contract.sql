--liquibase formatted sql logicalFilePath:quoted-names-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/quoted-names/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset quoted-names:090-drop labels:quoted-names,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"quoted-names: phase 3, drained" SELECT 'quoted-names: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'quoted-names'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'quoted-names' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'quoted-names is not in phase 3, or not drained, and keeps ' || '"My Shop"."Order"."select"';
  END IF;
  ALTER TABLE "My Shop"."Order" DROP COLUMN IF EXISTS "select";
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'quoted-names';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/quoted-names', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'quoted-names' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'quoted-names is not in phase 3, and needs values in ' || '"My Shop"."Order"."select"';
--rollback   END IF;
--rollback   ALTER TABLE "My Shop"."Order" ADD COLUMN IF NOT EXISTS "select" character varying(20);
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'quoted-names';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS "My Shop"."Order's ""select""";;
--rollback CREATE INDEX CONCURRENTLY "Order's ""select""" ON "My Shop"."Order" USING btree ("select");;
