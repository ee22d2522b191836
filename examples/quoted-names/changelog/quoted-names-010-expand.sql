--liquibase formatted sql logicalFilePath:quoted-names-010-expand.sql

--changeset quoted-names:010-columns labels:quoted-names,expand splitStatements:false rollbackSplitStatements:false
INSERT INTO migration_state (name) VALUES ('quoted-names');
ALTER TABLE "My Shop"."Order" ADD COLUMN "it's" varchar(20);
-- The columns and the state's row go only while no instance is live: the fence of every write
-- needs that row. The advisory lock keeps steps out between look and drop.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/quoted-names', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'quoted-names' FOR UPDATE;
--rollback   PERFORM FROM migration_state WHERE name = 'quoted-names' AND phase > 0;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = '"My Shop"."Order"."it''s"' || ' in use: bring quoted-names back to phase 0 first';
--rollback   END IF;
--rollback   PERFORM FROM migration_instance
--rollback     WHERE migration = 'quoted-names' AND heartbeat_at > now() - interval '1 minute';
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a minute';
--rollback   END IF;
--rollback   ALTER TABLE "My Shop"."Order" DROP COLUMN "it's";
--rollback   DELETE FROM parity_shadow WHERE migration = 'quoted-names';
--rollback   DELETE FROM parity_mismatch WHERE migration = 'quoted-names';
--rollback   DELETE FROM backfill_run WHERE migration = 'quoted-names';
--rollback   DELETE FROM migration_instance WHERE migration = 'quoted-names';
--rollback   DELETE FROM migration_history WHERE migration = 'quoted-names';
--rollback   DELETE FROM migration_state WHERE name = 'quoted-names';
--rollback END $$;
