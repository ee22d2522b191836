--liquibase formatted sql logicalFilePath:accounts-id-090-contract.sql

-- The last step has checks of its own, however it is run. The engine's own guard asks far more
-- before it lets it run: the contract command, or POST /migrations/accounts-id/contract.

-- One transaction: a column takes its indexes along, and a failure leaves all. The state's row is
-- locked: no step can begin between the look and the drop.
--changeset accounts-id:090-drop labels:accounts-id,contract runInTransaction:false splitStatements:false rollbackEndDelimiter:;;
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:"accounts-id: phase 3, drained" SELECT 'accounts-id: phase ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM migration_state WHERE name = 'accounts-id'
DO $$
BEGIN
  PERFORM FROM migration_state
    WHERE name = 'accounts-id' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING MESSAGE = 'accounts-id is not in phase 3, or not drained, and keeps ' || 'accounts.id';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('accounts') AND attname IN ('id_big')) THEN
    RETURN;
  END IF;
  ALTER TABLE accounts DROP COLUMN IF EXISTS id;
  ALTER SEQUENCE accounts_id_seq AS bigint;
  ALTER TABLE accounts RENAME COLUMN id_big TO id;
  ALTER TABLE accounts RENAME CONSTRAINT accounts_id_big_key TO accounts_pkey;
  UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
    WHERE name = 'accounts-id';
END $$;
-- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. A live
-- fleet may stay in phase 3 meanwhile.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/accounts-id', 0));
--rollback   PERFORM FROM migration_state
--rollback     WHERE name = 'accounts-id' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
--rollback   IF NOT FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'accounts-id is not in phase 3, and needs values in ' || 'accounts.id';
--rollback   END IF;
--rollback   ALTER TABLE accounts RENAME COLUMN id TO id_big;
--rollback   ALTER TABLE accounts RENAME CONSTRAINT accounts_pkey TO accounts_id_big_key;
--rollback   ALTER TABLE accounts ADD COLUMN IF NOT EXISTS id integer;
--rollback   ALTER SEQUENCE accounts_id_seq AS integer;
--rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = 'accounts-id';
--rollback END $$;;
--rollback DROP INDEX CONCURRENTLY IF EXISTS accounts_id_key;;
--rollback CREATE UNIQUE INDEX CONCURRENTLY accounts_id_key ON accounts (id);;
