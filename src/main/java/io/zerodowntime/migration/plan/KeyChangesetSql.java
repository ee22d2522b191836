package io.zerodowntime.migration.plan;

/**
 * The changesets that move a primary key, as templates like those of {@link ChangesetSql}, which
 * fills them in.
 */
final class KeyChangesetSql {
  /** In place of {@link ChangesetSql#OLD_OPTIONAL}: a column of the primary key accepts no NULL. */
  static final String ENFORCE =
      """

      -- left behind by a way back to phase 0 that was not gone to its end
      --changeset %(name):030-drop-old-check labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase >= 2
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldCheck)
      ALTER TABLE %(table) DROP CONSTRAINT %(oldPresent);
      --rollback empty

      -- It waits until no foreign key refers to the old key: those of other tables move first, by
      -- migrations of their own. One transaction, of the catalog only; the new index becomes the
      -- primary key's, and the numbers go on in the new column.
      --changeset %(name):030-primary-key labels:%(name),%(stage) runInTransaction:false \
      runAlways:true splitStatements:false rollbackEndDelimiter:;;
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase >= 2 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:f SELECT EXISTS (%(nullableNew))
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldPrimary)
      --precondition-sql-check expectedResult:2 SELECT count(*) FROM %(keyIndexes)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(oldReferences)
      %(unlessDropped)DO %$
      %(declare)BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase >= 2 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 2, and needs the key ' || %'oldLabel';
        END IF;
        ALTER TABLE %(table) DROP CONSTRAINT %(primaryKey);
        ALTER TABLE %(table) ADD CONSTRAINT %(newIndex) PRIMARY KEY USING INDEX %(newIndex);
      %(numbersToNew)  ALTER TABLE %(table) ALTER COLUMN %(oldColumn) DROP NOT NULL;
      END %$;
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
      """;

  /** Behind {@link #ENFORCE}, each line as one of its rollback. */
  static final String ENFORCE_BACK =
      """
      DO %$
      %(declare)BEGIN
      %(keyToOld)END %$;;
      """;

  /** The catalog goes back to the key of phase 0, whose index is there already. */
  static final String KEY_TO_OLD =
      """
        ALTER TABLE %(table) ALTER COLUMN %(oldColumn) SET NOT NULL;
        ALTER TABLE %(table) DROP CONSTRAINT %(oldPresent);
        ALTER TABLE %(table) DROP CONSTRAINT %(newIndex);
        ALTER TABLE %(table) ADD CONSTRAINT %(primaryKey) PRIMARY KEY USING INDEX %(oldIndex);
      %(numbersToOld)  ALTER TABLE %(table) ALTER COLUMN %(newColumn) DROP NOT NULL;
      """;

  /** Before {@link ChangesetSql#RELAX}. */
  static final String RELAX =
      """
      -- On the way back to phase 0 the primary key goes back, once no foreign key refers to the new
      -- one. Its column was filled in phase 2; that it holds no NULL is proven by way of a CHECK.
      --changeset %(name):040-old-check labels:%(name),%(stage) runAlways:true splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase <= 1
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newPrimary)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(oldCheck)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(newReferences)
      DO %$
      BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase <= 1 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 1, and may write NULL: ' || %'oldLabel';
        END IF;
        ALTER TABLE %(table) ADD CONSTRAINT %(oldPresent) CHECK (%(oldHeld)) NOT VALID;
      END %$;
      --rollback empty

      --changeset %(name):040-old-validate labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldCheck) AND NOT convalidated
      ALTER TABLE %(table) VALIDATE CONSTRAINT %(oldPresent);
      --rollback empty

      --changeset %(name):040-primary-key labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase <= 1
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldCheck) AND convalidated
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newPrimary)
      --precondition-sql-check expectedResult:2 SELECT count(*) FROM %(keyIndexes)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(newReferences)
      DO %$
      %(declare)BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase <= 1 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 1, and needs the key ' || %'newLabel';
        END IF;
      %(keyToOld)END %$;
      -- enforce moves the key again, once phase 2 has come again
      --rollback empty

      """;

  /** A foreign key of a table whose migration goes before that of the table it refers to. */
  static final String REFERENCE =
      """

      -- The new foreign key is checked for new rows at once and for the others by VALIDATE, which lets
      -- writers pass; then the old one goes. %(parent) comes first: its new key must be complete.
      -- With one table locked the other one is waited for 100 ms: a client that holds it is not to wait.
      --changeset %(name):030-foreign-key-%(n) labels:%(name),%(stage) runAlways:true \
      splitStatements:false rollbackSplitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:2 SELECT count(*) FROM migration_state WHERE name IN \
      ('%(name)', '%(mover)') AND phase >= 2 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldForeignKey)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(newForeignKey)
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(parentKey)
      %(unlessDropped)DO %$
      DECLARE zd_found integer;
      BEGIN
        PERFORM FROM migration_state WHERE name IN ('%(name)', '%(mover)') AND phase >= 2 \
      FOR NO KEY UPDATE;
        GET DIAGNOSTICS zd_found = ROW_COUNT;
        IF zd_found < 2 THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) or %(mover) left phase 2: no ' || %'newName';
        END IF;
        LOCK TABLE %(table) IN SHARE ROW EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', '100ms', true);
        ALTER TABLE %(table) ADD CONSTRAINT %(newName) FOREIGN KEY (%(newColumns))
          REFERENCES %(parent) (%(newReferenced))%(actions) NOT VALID;
      END %$;
      --rollback DO %$
      --rollback BEGIN
      --rollback   SET LOCAL lock_timeout = '1250ms';
      --rollback   ALTER TABLE %(table) DROP CONSTRAINT IF EXISTS %(newName);
      --rollback END %$;

      --changeset %(name):030-foreign-key-%(n)-validate labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newForeignKey) AND NOT \
      convalidated
      ALTER TABLE %(table) VALIDATE CONSTRAINT %(newName);
      --rollback empty

      --changeset %(name):030-foreign-key-%(n)-drop labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase >= 2 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newForeignKey) AND convalidated
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldForeignKey)
      DO %$
      BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase >= 2 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 2, and needs ' || %'oldName';
        END IF;
        LOCK TABLE %(table) IN ACCESS EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', '100ms', true);
        ALTER TABLE %(table) DROP CONSTRAINT %(oldName);
      END %$;
      -- relax brings it back, on the way to phase 0
      --rollback empty
      """;

  /** The same back, before the new columns may be NULL again. */
  static final String REFERENCE_BACK =
      """
      -- On the way back to phase 0 the foreign key goes back, while %(parent) is in phase 1 or 0.
      --changeset %(name):040-foreign-key-%(n) labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:2 SELECT count(*) FROM migration_state WHERE name IN \
      ('%(name)', '%(mover)') AND phase <= 1 AND drained_at IS NOT NULL
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newForeignKey)
      --precondition-sql-check expectedResult:0 SELECT count(*) FROM %(oldForeignKey)
      DO %$
      DECLARE zd_found integer;
      BEGIN
        PERFORM FROM migration_state WHERE name IN ('%(name)', '%(mover)') AND phase <= 1 \
      FOR NO KEY UPDATE;
        GET DIAGNOSTICS zd_found = ROW_COUNT;
        IF zd_found < 2 THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) or %(mover) left phase 1: no ' || %'oldName';
        END IF;
        LOCK TABLE %(table) IN SHARE ROW EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', '100ms', true);
        ALTER TABLE %(table) ADD CONSTRAINT %(oldName) FOREIGN KEY (%(oldColumns))
          REFERENCES %(parent) (%(oldReferenced))%(actions) NOT VALID;
      END %$;
      --rollback empty

      --changeset %(name):040-foreign-key-%(n)-validate labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldForeignKey) AND NOT \
      convalidated
      ALTER TABLE %(table) VALIDATE CONSTRAINT %(oldName);
      --rollback empty

      --changeset %(name):040-foreign-key-%(n)-drop labels:%(name),%(stage) runAlways:true \
      splitStatements:false
      --preconditions onFail:CONTINUE onError:HALT
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND phase <= 1
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(oldForeignKey) AND convalidated
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM %(newForeignKey)
      DO %$
      BEGIN
        PERFORM FROM migration_state WHERE name = '%(name)' AND phase <= 1 FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RAISE EXCEPTION USING MESSAGE = '%(name) left phase 1, and needs ' || %'newName';
        END IF;
        LOCK TABLE %(table) IN ACCESS EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', '100ms', true);
        ALTER TABLE %(table) DROP CONSTRAINT %(newName);
      END %$;
      --rollback empty

      """;

  /** Where the numbers come from a default: a sequence goes along with the column that owns it. */
  static final String MOVE_DEFAULT =
      """
        ALTER TABLE %(table) ALTER COLUMN %(from) DROP DEFAULT, ALTER COLUMN %(to) SET DEFAULT \
      %(default);
      """;

  static final String MOVE_OWNED =
      """
        ALTER SEQUENCE %(sequence) OWNED BY %(table).%(to);
      """;

  /**
   * The sequence of an identity column goes with it: another one of the same name goes on where it
   * was, with the same rights. Until the old column is dropped it gives no number too big for it.
   */
  static final String MOVE_IDENTITY =
      """
        -- locks the sequence: no number is taken between this look and the end
        ALTER SEQUENCE %(sequence) INCREMENT BY %(increment);
        SELECT array_agg(format('GRANT %s ON SEQUENCE %s TO %s', a.privilege_type, %'sequence',
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)) INTO zd_grants
          FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass(%'sequence');
        SELECT last_value + CASE WHEN is_called THEN %(increment) ELSE 0 END INTO zd_next
          FROM %(sequence);
        ALTER TABLE %(table) ALTER COLUMN %(from) DROP IDENTITY;
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED BY DEFAULT AS IDENTITY'
          ' (SEQUENCE NAME %s INCREMENT BY %(increment) MAXVALUE %(maximum) CACHE %(cache)'
          ' START WITH %s)', %'table', %'to', %'sequence', zd_next);
        FOREACH zd_grant IN ARRAY COALESCE(zd_grants, '{}') LOOP
          EXECUTE zd_grant;
        END LOOP;
      """;

  static final String DECLARE = "DECLARE zd_grants text[]; zd_grant text; zd_next bigint;\n";

  private KeyChangesetSql() {}
}
