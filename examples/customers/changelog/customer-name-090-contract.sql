--liquibase formatted sql logicalFilePath:customer-name-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/customer-name/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset customer-name:090-drop labels:customer-name,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"customer-name: phase 3, drained" SELECT 'customer-name: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'customer-name'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'customer-name' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'customer-name is not in phase 3, or not drained, and keeps ' || 'customers.full_name';
  END IF;
  ALTER TABLE customers DROP COLUMN IF EXISTS full_name;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'customer-name';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/customer-name', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'customer-name' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'customer-name is not in phase 3, and needs values in ' || 'customers.full_name';
--rollback   END IF;
--rollback   ALTER TABLE customers ADD COLUMN IF NOT EXISTS full_name text;
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'customer-name';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS customers_full_name_idx;;
--rollback CREATE INDEX CONCURRENTLY customers_full_name_idx ON customers USING btree (full_name);;
