package io.zerodowntime.migration.plan;

/** The triggers of {@link SyncTrigger} as templates like those of {@link ChangesetSql}. */
final class SyncTriggerSql {
  /** Behind {@link #COPY} or {@link #DETECT}, the function of the triggers. */
  static final String TRIGGERS =
      """
      COMMENT ON FUNCTION %(sync)() IS '%(syncMark)';
      CREATE OR REPLACE TRIGGER %(syncInsertName) %(syncTime) INSERT ON %(table)
        FOR EACH ROW EXECUTE FUNCTION %(sync)();
      CREATE OR REPLACE TRIGGER %(syncUpdateName) %(syncTime) UPDATE ON %(table)
        FOR EACH ROW WHEN (%(syncWhen))
        EXECUTE FUNCTION %(sync)();
      """;

  /** {@code sync: true}. */
  static final String COPY =
      """
      CREATE OR REPLACE FUNCTION %(sync)() RETURNS trigger LANGUAGE plpgsql AS %(syncQuote)
      #variable_conflict use_variable
      DECLARE
      %(variables)
        zd_old_given boolean;
        zd_new_given boolean;
      BEGIN
        IF %(agree) THEN
          RETURN NEW;
        END IF;
        IF TG_OP = 'INSERT' THEN
          zd_old_given := %(oldInserted);
          zd_new_given := %(newInserted);
        ELSE
          zd_old_given := %(oldUpdated);
          zd_new_given := %(newUpdated);
        END IF;
        IF zd_old_given AND zd_new_given THEN
          zd_new_given := COALESCE((SELECT s.phase >= 2 FROM %(schema).migration_state s
            WHERE s.name = '%(name)'), false);
        END IF;
        IF zd_new_given THEN
      %(reverse)
        ELSIF zd_old_given OR TG_OP = 'INSERT' THEN
      %(forward)
        END IF;
        RETURN NEW;
      END %(syncQuote);
      """;

  /** Before {@link #CHANGESET}. */
  static final String COPY_COMMENT =
      """

      -- Writers that know nothing of the migration write one side; these triggers fill the other.
      -- BEFORE triggers run in the order of their names: those that come later see both sides.
      """;

  /** Before {@link #CHANGESET}. */
  static final String DETECT_COMMENT =
      """

      -- These triggers change no row. In phases 1 and 2 they record who writes one side only.
      """;

  /** Runs again where a trigger is missing or disabled, or the definition has changed. */
  static final String CHANGESET =
      """
      --changeset %(name):010-sync labels:%(name),%(stage) runAlways:true splitStatements:false \
      rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:f SELECT count(*) = 2 FROM pg_trigger WHERE tgrelid \
      = to_regclass(%'table') AND tgname IN (%'syncInsert', %'syncUpdate') AND tgenabled <> 'D' \
      AND obj_description(tgfoid, 'pg_proc') = '%(syncMark)'
      --precondition-sql-check expectedResult:%(oldCount) SELECT count(*) FROM pg_attribute WHERE \
      attrelid = to_regclass(%'table') AND attname IN (%(oldList)) AND NOT attisdropped
      %(syncTriggers)\
      """;

  /** Behind {@link #CHANGESET}. */
  static final String COPY_ROLLBACK =
      """
      -- in phase 0 readers are given the old columns, which every writer writes
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase > 0 FOR NO KEY UPDATE;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION 'writers may rely on the triggers: bring %(name) back to phase 0 first';
      --rollback   END IF;
      --rollback   DROP FUNCTION IF EXISTS %(sync)() CASCADE;
      --rollback END %$;
      """;

  /**
   * {@code sync: detect}. After the statement, so that what other triggers wrote counts. It never
   * fails the statement, also where an expression refuses the value.
   */
  static final String DETECT =
      """
      CREATE OR REPLACE FUNCTION %(sync)() RETURNS trigger LANGUAGE plpgsql AS %(syncQuote)
      #variable_conflict use_variable
      DECLARE
      %(variables)
        zd_agree boolean := false;
      BEGIN
        BEGIN
          zd_agree := %(agree);
        EXCEPTION WHEN OTHERS THEN
          NULL; -- the expression refuses the value
        END;
        IF NOT zd_agree THEN
          PERFORM %(schema).record_unfenced_write('%(name)', current_query());
        END IF;
        RETURN NULL;
      END %(syncQuote);
      """;

  /** Behind {@link #CHANGESET}: no writer relies on these triggers. */
  static final String DETECT_ROLLBACK =
      """
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   DROP FUNCTION IF EXISTS %(sync)() CASCADE;
      --rollback   DELETE FROM %(schema).unfenced_writer WHERE migration = '%(name)';
      --rollback END %$;
      """;

  /** What the drop of the old columns takes along, before it. */
  static final String DROP = "  DROP FUNCTION IF EXISTS %(sync)() CASCADE;\n";

  private SyncTriggerSql() {}
}
