--liquibase formatted sql

-- An addition only: an instance of the former version goes on beside.
--changeset zerodowntime:007-unfenced-writers labels:initial splitStatements:false rollbackSplitStatements:false
CREATE TABLE unfenced_writer (
    migration text NOT NULL,
    application text NOT NULL,
    role text NOT NULL,
    statement text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (migration, application, role, statement)
);
COMMENT ON TABLE unfenced_writer IS 'who wrote one side of a row only, as the triggers of "sync: detect" saw it; at most 100 rows of a migration';
COMMENT ON COLUMN unfenced_writer.statement IS 'without literals, at most 200 characters';
-- Called in the writer's transaction: it waits for no lock and fails no statement. A source is
-- recorded once a second at most; the writer that does it holds an advisory lock to its end, and
-- those of the same source that meet the lock go on without recording.
DO $zd$
BEGIN
  EXECUTE format($create$
CREATE FUNCTION record_unfenced_write(of_migration text, query text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp AS $body$
DECLARE
  app text := COALESCE(NULLIF(current_setting('application_name'), ''), '-');
  login text := session_user;
  mark text := concat_ws('/', of_migration, statement_timestamp());
  shape text;
BEGIN
  IF current_setting('zerodowntime.recorded', true) = mark THEN
    RETURN; -- another row of the statement
  END IF;
  PERFORM set_config('zerodowntime.recorded', mark, true);
  -- literals are data of users
  shape := left(regexp_replace(regexp_replace(regexp_replace(left(query, 10000),
    '(\$[A-Za-z_]*\$).*?(\1|$)', '?', 'g'), '''([^'']|'''')*(''|$)', '?', 'g'),
    '(?<![\w$])\d[\w.]*', '?', 'g'), 200);
  PERFORM FROM migration_state s
    WHERE s.name = of_migration AND s.phase IN (1, 2) AND s.drained_at IS NOT NULL;
  IF NOT FOUND OR NOT pg_try_advisory_xact_lock(hashtext('zerodowntime/unfenced/' || of_migration),
      hashtext(concat_ws('/', app, login, shape))) THEN
    RETURN;
  END IF;
  PERFORM FROM unfenced_writer w WHERE w.migration = of_migration AND w.application = app
    AND w.role = login AND w.statement = shape AND w.last_at > clock_timestamp() - interval '1 second';
  IF FOUND THEN
    RETURN;
  END IF;
  UPDATE unfenced_writer w SET last_at = clock_timestamp() WHERE w.migration = of_migration
    AND w.application = app AND w.role = login AND w.statement = shape;
  IF FOUND THEN
    RETURN;
  END IF;
  DELETE FROM unfenced_writer w WHERE w.migration = of_migration AND w.ctid IN (
    SELECT o.ctid FROM unfenced_writer o WHERE o.migration = of_migration
    ORDER BY o.last_at DESC OFFSET 99 FOR UPDATE SKIP LOCKED);
  INSERT INTO unfenced_writer
    VALUES (of_migration, app, login, shape, clock_timestamp(), clock_timestamp())
    ON CONFLICT DO NOTHING;
EXCEPTION WHEN OTHERS THEN
  RETURN; -- at REPEATABLE READ: another transaction has recorded it since the snapshot
END $body$
  $create$, current_schema());
END $zd$;
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   LOCK TABLE migration_state IN SHARE ROW EXCLUSIVE MODE;
--rollback   IF EXISTS (SELECT FROM migration_state) THEN
--rollback     RAISE EXCEPTION 'a fleet may be live: roll back the expand of every migration first';
--rollback   END IF;
--rollback   DROP FUNCTION record_unfenced_write(text, text);
--rollback   DROP TABLE unfenced_writer;
--rollback END $$;
