--liquibase formatted sql

-- Additions only: an instance of the former version goes on beside. It takes its lock for a moment.
--changeset zerodowntime:008-actions labels:initial rollbackSplitStatements:false
ALTER TABLE migration_history
    ADD COLUMN subject text,
    ADD COLUMN action text,
    DROP CONSTRAINT migration_history_kind_check,
    ADD CONSTRAINT migration_history_kind_check CHECK (kind IN ('step', 'contract', 'action'));
COMMENT ON COLUMN migration_history.subject IS 'who asked for it; NULL: every live instance asked for the step';
COMMENT ON COLUMN migration_history.action IS 'what an operator asked for; NULL for a step';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   ALTER TABLE migration_history
--rollback     DROP COLUMN subject,
--rollback     DROP COLUMN action,
--rollback     DROP CONSTRAINT migration_history_kind_check,
--rollback     ADD CONSTRAINT migration_history_kind_check CHECK (kind IN ('step', 'contract'));
--rollback END $$;
