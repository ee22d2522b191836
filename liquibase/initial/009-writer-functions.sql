--liquibase formatted sql

-- Functions for statements of other services. They need a schema of their own, which a role without
-- CREATE on the database cannot create: it is passed over then, and tried again by each expand.
-- Tables and operators are bound when a function is created (BEGIN ATOMIC), so neither its caller's
-- search path nor the names of the engine's schema matter.
--changeset zerodowntime:009-writer-functions labels:initial splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:t SELECT CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE pg_has_role(n.nspowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proname IN ('phase', 'heartbeat')) END FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = 'zerodowntime'
DO $zd$
DECLARE
  engine text := (SELECT relnamespace::regnamespace::text FROM pg_class
    WHERE oid = 'migration_state'::regclass);
BEGIN
  IF to_regnamespace('zerodowntime') IS NULL THEN
    CREATE SCHEMA zerodowntime;
  END IF;
  -- STABLE: it reads the snapshot of the statement that calls it. A VOLATILE one would take another.
  EXECUTE format($create$
CREATE FUNCTION zerodowntime.phase(migration text) RETURNS integer
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.phase::integer FROM %1$s.migration_state s WHERE s.name = $1;
END
  $create$, engine);
  -- It must not touch synchronous_commit: the caller's transaction may hold more than this row.
  -- The word sql before the version tells the status which instances are of other services.
  EXECUTE format($create$
CREATE FUNCTION zerodowntime.heartbeat(migration text, instance text, requested_phase integer,
  writes_up_to integer DEFAULT 3, version text DEFAULT NULL) RETURNS integer
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  INSERT INTO %1$s.migration_instance AS i
    (migration, instance, requested_phase, writes_up_to, version)
  SELECT s.name, $2, COALESCE($3, s.phase), $4, concat_ws(' ', 'sql', $5)
  FROM %1$s.migration_state s WHERE s.name = $1
  ON CONFLICT (migration, instance) DO UPDATE SET requested_phase = excluded.requested_phase,
    writes_up_to = excluded.writes_up_to, version = excluded.version, heartbeat_at = now()
  RETURNING (SELECT s.phase::integer FROM %1$s.migration_state s WHERE s.name = i.migration);
END
  $create$, engine);
END $zd$;
COMMENT ON FUNCTION zerodowntime.phase(text) IS 'the phase in force, in the snapshot of the statement; NULL: not registered';
COMMENT ON FUNCTION zerodowntime.heartbeat(text, text, integer, integer, text) IS 'sends the heartbeat of an instance, and gives the phase in force; NULL: not registered';
-- The schema goes if the role can create it again.
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP FUNCTION zerodowntime.heartbeat(text, text, integer, integer, text);
--rollback   DROP FUNCTION zerodowntime.phase(text);
--rollback   IF has_database_privilege(current_database(), 'CREATE') AND NOT EXISTS (
--rollback       SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
--rollback         AND refobjid = to_regnamespace('zerodowntime')) THEN
--rollback     DROP SCHEMA zerodowntime;
--rollback   END IF;
--rollback END $$;
