package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.SqlName;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The changesets of a migration as templates of Liquibase formatted SQL, a stage each. Those of
 * orders in {@code liquibase/} have the same form. {@code %(name)} is filled in as it stands,
 * {@code %'name'} as a text in SQL; {@code %$} is the quote of a block, which no name holds.
 */
final class ChangesetSql {
  /** The columns and the row of the state; a rollback keeps steps out between look and drop. */
  static final String EXPAND =
      """
      --changeset %(name):010-columns labels:%(name),%(stage) splitStatements:false \
      rollbackSplitStatements:false
      INSERT INTO migration_state (name) VALUES ('%(name)');
      ALTER TABLE %(table) %(addNew);
      -- The columns and the state's row go only while no instance is live: the fence of every write
      -- needs that row. The advisory lock keeps steps out between look and drop.
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' FOR UPDATE;
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase > 0;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION USING MESSAGE = %'newLabel' || ' in use: bring %(name) back \
      to phase 0 first';
      --rollback   END IF;
      --rollback   PERFORM FROM migration_instance
      --rollback     WHERE migration = '%(name)' AND heartbeat_at > now() - interval '1 minute';
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION 'instances are live: stop every one first, and wait for a \
      minute';
      --rollback   END IF;
      --rollback   ALTER TABLE %(table) %(dropNew);
      --rollback   DELETE FROM parity_shadow WHERE migration = '%(name)';
      --rollback   DELETE FROM parity_mismatch WHERE migration = '%(name)';
      --rollback   DELETE FROM backfill_run WHERE migration = '%(name)';
      --rollback   DELETE FROM migration_instance WHERE migration = '%(name)';
      --rollback   DELETE FROM migration_history WHERE migration = '%(name)';
      --rollback   DELETE FROM migration_state WHERE name = '%(name)';
      --rollback END %$;
      """;

  /** NOT NULL comes by way of a CHECK: only VALIDATE reads the table, and writers pass. */
  static final String ENFORCE =
      """
      -- The fleet may go forward and back many times: each changeset looks at the catalog \
      whether there
      -- is something left to do, so that an attempt that failed half way is taken up where it \
      stopped.
      -- NOT NULL comes by way of a CHECK: only VALIDATE reads the table, under a lock that lets \
      writers
      -- pass.
      %(several)
      -- The state's row is locked: the fleet cannot leave phase 2 between the look and the CHECK.
      --changeset %(name):030-check labels:%(name),%(stage) runAlways:true splitStatements:false \
      rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase >= 2 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:t SELECT EXISTS (%(nullableNew))
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(check)
      DO %$
      BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase >= 2 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 2, and may write NULL: ' || %'newLabel';
        END IF;
        ALTER TABLE %(table) ADD CONSTRAINT %(present) CHECK (%(newPresent)) NOT VALID;
      END %$;
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   ALTER TABLE %(table) DROP CONSTRAINT IF EXISTS %(present);
      --rollback END %$;

      --changeset %(name):030-validate labels:%(name),%(stage) runAlways:true splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(check) AND NOT convalidated
      ALTER TABLE %(table) VALIDATE CONSTRAINT %(present);
      -- validity is a finding about the rows: there is nothing to take back
      --rollback empty

      --changeset %(name):030-not-null labels:%(name),%(stage) runAlways:true \
      splitStatements:false rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(check) AND convalidated
      ALTER TABLE %(table) %(setNotNull);
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   ALTER TABLE %(table) %(dropNotNull);
      --rollback END %$;

      --changeset %(name):030-drop-check labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:f SELECT EXISTS (%(nullableNew))
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(check)
      ALTER TABLE %(table) DROP CONSTRAINT %(present);
      -- the CHECK was a scaffold: brought back alone it would refuse the writers of phase 0
      --rollback empty
      """;

  /** Behind {@link #ENFORCE}: phase 3 leaves the old columns out. */
  static final String OLD_OPTIONAL =
      """

      --changeset %(name):030-old-optional labels:%(name),%(stage) runInTransaction:false \
      runAlways:true splitStatements:false rollbackEndDelimiter:;;
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase >= 2 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:t SELECT EXISTS (%(presentOld))
      %(unlessDropped)ALTER TABLE %(table) %(dropOldNotNull);
      """;

  /** Behind {@link #OLD_OPTIONAL} where an old column was NOT NULL. */
  static final String ENFORCE_BACK =
      """
      -- the advisory lock keeps a step to phase 3 out, whose gates were asked before the CHECK
      --rollback SET lock_timeout = '1250ms';;
      --rollback ALTER TABLE %(table) DROP CONSTRAINT IF EXISTS %(oldPresent);;
      --rollback DO %$
      --rollback BEGIN
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state WHERE name = '%(name)' AND phase = 3 FOR NO KEY \
      UPDATE;
      --rollback   IF FOUND THEN
      --rollback     RAISE EXCEPTION USING MESSAGE = 'go back to phase 2 first: phase 3 does not \
      write ' || %'oldLabel';
      --rollback   END IF;
      --rollback   ALTER TABLE %(table) ADD CONSTRAINT %(oldPresent) CHECK (%(oldHeld)) NOT VALID;
      --rollback END %$;;
      --rollback ALTER TABLE %(table) VALIDATE CONSTRAINT %(oldPresent);;
      --rollback ALTER TABLE %(table) %(setOldNotNull);;
      --rollback ALTER TABLE %(table) DROP CONSTRAINT %(oldPresent);;
      """;

  /** Behind {@link #OLD_OPTIONAL} where every old column accepted NULL before. */
  static final String ENFORCE_NOTHING_BACK =
      """
      -- the old columns accepted NULL before, too
      --rollback empty
      """;

  /** On the way back to phase 0, whose writers leave the new columns NULL. */
  static final String RELAX =
      """
      -- On the way back to phase 0, whose writers leave the new columns NULL.
      --changeset %(name):040-relax labels:%(name),%(stage) runAlways:true splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase <= 1
      --precondition-sql-check expectedResult:t SELECT EXISTS (%(presentNew)) OR EXISTS (SELECT \
      FROM %(check))
      %(unlessKey)ALTER TABLE %(table) DROP CONSTRAINT IF EXISTS %(present), %(dropNotNull);
      -- enforce brings NOT NULL back, once phase 2 has come again
      --rollback empty
      """;

  /** The last step has checks of its own, however it is run. */
  static final String CONTRACT =
      """
      -- The last step has checks of its own, however it is run. The engine's own guard asks far \
      more
      -- before it lets it run: the contract command, or POST /migrations/%(name)/contract.

      -- One transaction: a column takes its indexes along, and a failure leaves all. The state's \
      row is
      -- locked: no step can begin between the look and the drop.
      --changeset %(name):090-drop labels:%(name),%(stage) runInTransaction:false \
      splitStatements:false rollbackEndDelimiter:;;
      --preconditions onFail:HALT onError:HALT
      --precondition-sql-check expectedResult:"%(name): phase 3, drained" SELECT '%(name): phase \
      ' || phase || CASE WHEN drained_at IS NULL THEN ', not drained' ELSE ', drained' END FROM \
      migration_state WHERE name = '%(name)'
      DO %$
      BEGIN
        PERFORM FROM migration_state
          WHERE name = '%(name)' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) is not in phase 3, or not drained, and keeps ' || %'oldLabel';
        END IF;
      %(unsync)%(unlessRestored)  ALTER TABLE %(table) %(dropOld);
      %(numbersGrow)%(renames)\
        UPDATE migration_state SET contracted_at = coalesce(contracted_at, now())
          WHERE name = '%(name)';
      END %$;
      -- Brings the columns back, empty: the reverse backfill of phase 2 fills them, in batches. \
      A live
      -- fleet may stay in phase 3 meanwhile.
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/%(name)', 0));
      --rollback   PERFORM FROM migration_state
      --rollback     WHERE name = '%(name)' AND phase = 3 AND old_stale FOR NO KEY UPDATE;
      --rollback   IF NOT FOUND THEN
      --rollback     RAISE EXCEPTION USING MESSAGE = '%(name) is not in phase 3, and needs values \
      in ' || %'oldLabel';
      --rollback   END IF;
      %(renamesBack)\
      --rollback   ALTER TABLE %(table) %(addOld);
      %(resync)\
      %(numbersShrink)\
      --rollback   UPDATE migration_state SET contracted_at = NULL WHERE name = '%(name)';
      --rollback END %$;;
      """;

  private static final Pattern PLACE = Pattern.compile("%\\((\\w+)\\)|%'(\\w+)'|%\\$");

  private ChangesetSql() {}

  /**
   * A template with its values; filled in one pass, so that no name is taken for a place.
   *
   * @param quote what begins and ends a block, for example {@code $$}
   */
  static String fill(String template, Map<String, String> values, String quote) {
    return PLACE
        .matcher(template)
        .replaceAll(place -> Matcher.quoteReplacement(value(place, values, quote)));
  }

  private static String value(MatchResult place, Map<String, String> values, String quote) {
    if (place.group(1) != null) {
      return Objects.requireNonNull(values.get(place.group(1)), place.group(1));
    }
    return place.group(2) == null
        ? quote
        : SqlName.literal(Objects.requireNonNull(values.get(place.group(2)), place.group(2)));
  }
}
