--liquibase formatted sql

-- Each is rolled back only while no migration is registered: then no instance can be live.

--changeset zerodowntime:002-state labels:initial rollbackSplitStatements:false
-- The row that every writer's statement reads: the fence. Few updates, one page, no index but the key.
CREATE TABLE migration_state (
    name varchar(63) COLLATE "C" PRIMARY KEY,
    phase smallint NOT NULL DEFAULT 0 CHECK (phase BETWEEN 0 AND 3),
    epoch bigint NOT NULL DEFAULT 0,
    old_stale boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    draining text[],
    drained_at timestamptz DEFAULT now(),
    contracted_at timestamptz
);
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE migration_state;
--rollback END $$;

--changeset zerodowntime:002-history labels:initial rollbackSplitStatements:false
CREATE TABLE migration_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state,
    kind varchar(10) NOT NULL CHECK (kind IN ('step', 'contract')),
    epoch bigint NOT NULL,
    from_phase smallint NOT NULL,
    to_phase smallint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    instance text NOT NULL,
    reason text NOT NULL,
    evidence jsonb NOT NULL
);
CREATE INDEX migration_history_idx ON migration_history (migration, id);
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE migration_history;
--rollback END $$;

--changeset zerodowntime:002-instance labels:initial rollbackSplitStatements:false
CREATE TABLE migration_instance (
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state,
    instance text COLLATE "C" NOT NULL,
    requested_phase smallint NOT NULL CHECK (requested_phase BETWEEN 0 AND 3),
    writes_up_to smallint NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (migration, instance)
) WITH (fillfactor = 50);
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE migration_instance;
--rollback END $$;

--changeset zerodowntime:002-backfill labels:initial rollbackSplitStatements:false
CREATE TABLE backfill_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state,
    epoch bigint NOT NULL,
    kind varchar(10) NOT NULL CHECK (kind IN ('forward', 'reverse', 'parity')),
    whole_table boolean NOT NULL,
    state varchar(10) NOT NULL CHECK (state IN ('running', 'paused', 'cancelled', 'complete')),
    batch_size integer NOT NULL CHECK (batch_size BETWEEN 1 AND 100000),
    delay_ms integer NOT NULL CHECK (delay_ms BETWEEN 0 AND 60000),
    target_load real NOT NULL CHECK (target_load > 0 AND target_load <= 1),
    rows_estimate bigint NOT NULL,
    requested_by text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    finish_lsn pg_lsn,
    scanned bigint,
    changed bigint,
    mismatched bigint
);
COMMENT ON COLUMN backfill_run.scanned IS 'totals, set on completion: they outlive the progress rows';
-- one run at a time per migration
CREATE UNIQUE INDEX backfill_run_active_idx ON backfill_run (migration)
    WHERE state IN ('running', 'paused');
CREATE INDEX backfill_run_evidence_idx ON backfill_run (migration, epoch, kind, id);
CREATE TABLE backfill_progress (
    run_id bigint NOT NULL REFERENCES backfill_run ON DELETE CASCADE,
    range_no integer NOT NULL,
    low_key text NOT NULL,
    after_key text,
    high_key text NOT NULL,
    scanned bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    mismatched bigint NOT NULL DEFAULT 0,
    batches bigint NOT NULL DEFAULT 0,
    done boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, range_no)
) WITH (fillfactor = 50);
COMMENT ON COLUMN backfill_progress.low_key IS 'first key of the range, inclusive';
COMMENT ON COLUMN backfill_progress.after_key IS 'the cursor: keys up to and with this one are done; NULL: none';
COMMENT ON COLUMN backfill_progress.high_key IS 'last key of the range, inclusive';
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE backfill_progress, backfill_run;
--rollback END $$;

--changeset zerodowntime:002-parity labels:initial rollbackSplitStatements:false
CREATE TABLE parity_mismatch (
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state,
    key text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    source varchar(10) NOT NULL CHECK (source IN ('scan', 'shadow')),
    old_value text,
    new_value text,
    found_at timestamptz NOT NULL DEFAULT now(),
    repaired_at timestamptz,
    PRIMARY KEY (migration, key)
);
-- shadow reads of the whole fleet, a row a minute
CREATE TABLE parity_shadow (
    migration varchar(63) COLLATE "C" NOT NULL REFERENCES migration_state,
    epoch bigint NOT NULL,
    minute timestamptz NOT NULL,
    matches bigint NOT NULL,
    mismatches bigint NOT NULL,
    errors bigint NOT NULL,
    PRIMARY KEY (migration, epoch, minute)
);
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP TABLE parity_shadow, parity_mismatch;
--rollback END $$;
