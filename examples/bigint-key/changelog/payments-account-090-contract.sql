--liquibase formatted sql logicalFilePath:payments-account-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/payments-account/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset payments-account:090-drop labels:payments-account,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"payments-account: phase 3, drained" SELECT 'payments-account: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'payments-account'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'payments-account' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'payments-account is not in phase 3, or not drained, and keeps ' || 'payments.account_id';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('payments') AND attname IN ('account_id_big')) THEN
    RETURN;
  END IF;
  ALTER TABLE payments DROP COLUMN IF EXISTS account_id;
  ALTER TABLE payments RENAME COLUMN account_id_big TO account_id;
  ALTER TABLE payments RENAME CONSTRAINT payments_account_id_big_fkey1 TO payments_account_id_fkey;
  ALTER INDEX payments_account_id_big_idx RENAME TO payments_account_id_idx;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'payments-account';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/payments-account', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'payments-account' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'payments-account is not in phase 3, and needs values in ' || 'payments.account_id';
--rollback   END IF;
--rollback   ALTER TABLE payments RENAME COLUMN account_id TO account_id_big;
--rollback   ALTER TABLE payments RENAME CONSTRAINT payments_account_id_fkey TO payments_account_id_big_fkey1;
--rollback   ALTER INDEX payments_account_id_idx RENAME TO payments_account_id_big_idx;
--rollback   ALTER TABLE payments ADD COLUMN IF NOT EXISTS account_id integer;
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'payments-account';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS payments_account_id_idx;;
--rollback CREATE INDEX CONCURRENTLY payments_account_id_idx ON payments USING btree (account_id, id);;
