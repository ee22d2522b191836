package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that the files of a plan move a primary key that foreign keys refer to, and back. */
@OnSchemaServer
class PlannedKeyTest {
  private static final Migration ACCOUNTS =
      migration("accounts-id", "accounts", "id", "id_big", "accounts_id_big_key");
  private static final Migration PAYMENTS =
      migration("payments-account", "payments", "account_id", "account_big", "payments_big_idx");

  private final SchemaTestDatabase database = new SchemaTestDatabase();
  @TempDir private Path directory;
  private PlannedChangelog accounts;
  private PlannedChangelog payments;

  private static final Migration.Options RESTORED =
      new Migration.Options(Optional.empty(), Optional.empty(), Optional.empty(), true, false);

  private static Migration migration(
      String name, String table, String from, String to, String index) {
    return migration(name, table, from, to, index, Migration.Options.NONE);
  }

  private static Migration migration(
      String name, String table, String from, String to, String index, Migration.Options options) {
    return new Migration(
        name,
        table,
        List.of("id"),
        List.of(ComputedColumn.of(from, to + "::integer")),
        List.of(ComputedColumn.of(to, from + "::bigint")),
        List.of(index),
        List.of(table + "_old_idx"),
        options);
  }

  private void expand(String id) throws Exception {
    expand(id, ACCOUNTS, PAYMENTS);
  }

  private void expand(String id, Migration parent, Migration child) throws Exception {
    database.run(
        "CREATE TABLE accounts (id %s PRIMARY KEY, owner text NOT NULL)".formatted(id),
        "CREATE TABLE payments (id bigint PRIMARY KEY, account_id integer NOT NULL"
            + " REFERENCES accounts ON DELETE CASCADE)",
        "CREATE INDEX payments_old_idx ON payments (account_id, id)",
        "ALTER TABLE accounts OWNER TO " + database.owner(),
        "ALTER TABLE payments OWNER TO " + database.owner(),
        "GRANT USAGE ON SEQUENCE accounts_id_seq TO " + database.stranger(),
        "INSERT INTO accounts (owner) SELECT 'me' FROM generate_series(1, 100)",
        "INSERT INTO payments SELECT n, n FROM generate_series(1, 100) n");
    accounts = PlannedChangelog.write(database, directory, parent, child);
    payments = PlannedChangelog.write(database, directory, child, parent);
    accounts.apply(SchemaStage.EXPAND);
    payments.apply(SchemaStage.EXPAND);
  }

  private void toDualWrite() {
    database.phase(1, true);
    database.run("UPDATE accounts SET id_big = id", "UPDATE payments SET account_big = account_id");
    assertThat(accounts.apply(SchemaStage.INDEX)).containsExactly("020-index-1", "020-index-2");
    payments.apply(SchemaStage.INDEX);
  }

  private void toReadNew() {
    database.phase(2, true);
    assertThat(accounts.apply(SchemaStage.ENFORCE))
        .as("the foreign key comes first")
        .containsExactly("030-check", "030-validate", "030-not-null", "030-drop-check");
    assertThat(payments.apply(SchemaStage.ENFORCE))
        .containsSequence(
            "030-foreign-key-1", "030-foreign-key-1-validate", "030-foreign-key-1-drop");
    assertThat(accounts.apply(SchemaStage.ENFORCE)).containsExactly("030-primary-key");
    assertThat(accounts.apply(SchemaStage.ENFORCE)).isEmpty();
    assertThat(payments.apply(SchemaStage.ENFORCE)).isEmpty();
  }

  private List<String> keys() {
    return database.list(
        "SELECT concat_ws(' ', conname, pg_get_constraintdef(oid), convalidated)"
            + " FROM pg_constraint WHERE conrelid IN ('accounts'::regclass, 'payments'::regclass)"
            + " AND contype IN ('p', 'f') ORDER BY 1");
  }

  private String owner() {
    return database.one(
        "SELECT string_agg(concat(a.attname, ' ', a.attidentity, d.deptype), ',') FROM pg_depend d"
            + " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
            + " WHERE d.objid = to_regclass('accounts_id_seq') AND d.deptype IN ('a', 'i')");
  }

  @Test
  void theKeyMovesAfterTheForeignKeyAndGoesBackAfterIt() throws Exception {
    expand("serial");
    List<String> before = keys();
    toDualWrite();
    toReadNew();
    assertThat(keys())
        .containsExactly(
            "accounts_id_big_key PRIMARY KEY (id_big) t",
            "payments_account_big_fkey1 FOREIGN KEY (account_big) REFERENCES accounts(id_big)"
                + " ON DELETE CASCADE t",
            "payments_pkey PRIMARY KEY (id) t");
    assertThat(owner()).isEqualTo("id_big a");
    database.run("INSERT INTO accounts (owner) VALUES ('new')");
    assertThat(database.one("SELECT id_big FROM accounts WHERE id IS NULL")).isEqualTo("101");

    database.run("UPDATE accounts SET id = id_big");
    database.phase(1, true);
    assertThat(accounts.apply(SchemaStage.RELAX)).as("the foreign key comes first").isEmpty();
    assertThat(payments.apply(SchemaStage.RELAX))
        .containsExactly(
            "040-foreign-key-1",
            "040-foreign-key-1-validate",
            "040-foreign-key-1-drop",
            "040-relax");
    assertThat(accounts.apply(SchemaStage.RELAX))
        .containsExactly("040-old-check", "040-old-validate", "040-primary-key");
    assertThat(accounts.apply(SchemaStage.RELAX)).isEmpty();
    assertThat(keys()).isEqualTo(before);
    assertThat(owner()).isEqualTo("id a");
    database.run("INSERT INTO accounts (owner) VALUES ('old')");
    assertThat(database.one("SELECT id FROM accounts WHERE id_big IS NULL")).isEqualTo("102");

    toDualWrite();
    toReadNew();
  }

  @Test
  void theForeignKeyWaitsForTheKeyThatItRefersTo() throws Exception {
    expand("serial");
    toDualWrite();
    database.phase(2, true);
    assertThat(payments.apply(SchemaStage.ENFORCE)).noneMatch(id -> id.contains("foreign-key"));
    accounts.apply(SchemaStage.ENFORCE);
    database.run("UPDATE migration_state SET phase = 1 WHERE name = 'accounts-id'");
    assertThat(payments.apply(SchemaStage.ENFORCE)).isEmpty();
  }

  @Test
  void theForeignKeyGoesBackOnlyWhileTheOldKeyIsWritten() throws Exception {
    expand("serial");
    toDualWrite();
    toReadNew();
    database.phase(1, true);
    database.run("UPDATE migration_state SET phase = 2 WHERE name = 'accounts-id'");
    assertThat(payments.apply(SchemaStage.RELAX)).containsExactly("040-relax");
    assertThat(keys()).anyMatch(key -> key.contains("account_big"));
  }

  @Test
  void theDropLeavesTheNumbersAndLetsThemGrow() throws Exception {
    expand("serial");
    toDualWrite();
    toReadNew();
    database.phase(3, true);
    payments.apply(SchemaStage.CONTRACT);
    accounts.apply(SchemaStage.CONTRACT);
    assertThat(
            database.one(
                "SELECT format_type(seqtypid, NULL) || seqmax FROM pg_sequence"
                    + " WHERE seqrelid = 'accounts_id_seq'::regclass"))
        .isEqualTo("bigint9223372036854775807");
    database.run("INSERT INTO accounts (owner) VALUES ('new')");
    assertThat(database.one("SELECT max(id_big) FROM accounts")).isEqualTo("101");

    accounts.rollback();
    assertThat(
            database.one(
                "SELECT format_type(seqtypid, NULL) FROM pg_sequence"
                    + " WHERE seqrelid = 'accounts_id_seq'::regclass"))
        .isEqualTo("integer");
    assertThat(database.catalog())
        .contains(
            "CREATE UNIQUE INDEX accounts_old_idx ON public.accounts USING btree (id) valid t");
  }

  /** All that is left of the migration is the type. */
  @Test
  void theDropRestoresNames() throws Exception {
    Migration parent =
        migration("accounts-id", "accounts", "id", "id_big", "accounts_id_big_key", RESTORED);
    Migration child =
        migration("payments-account", "payments", "account_id", "account_big", "new_idx", RESTORED);
    expand("serial", parent, child);
    List<String> before = named();
    toDualWrite();
    toReadNew();
    database.phase(3, true);
    List<String> moved = named();
    payments.apply(SchemaStage.CONTRACT);
    assertThat(payments.apply(SchemaStage.INDEX)).isEmpty();
    assertThat(payments.apply(SchemaStage.ENFORCE)).isEmpty();
    accounts.apply(SchemaStage.CONTRACT);
    assertThat(named())
        .isEqualTo(
            before.stream()
                .filter(line -> !line.contains("_big"))
                .map(line -> line.replaceFirst("(id|account_id) integer", "$1 bigint"))
                .sorted()
                .toList());
    List<String> restored = named();
    assertThat(accounts.apply(SchemaStage.INDEX)).isEmpty();
    assertThat(accounts.apply(SchemaStage.ENFORCE)).isEmpty();
    // as if the process had been killed before the changeset was recorded
    database.run("DELETE FROM databasechangelog WHERE id = '090-drop'");
    accounts.apply(SchemaStage.CONTRACT);
    payments.apply(SchemaStage.CONTRACT);
    assertThat(named()).isEqualTo(restored);

    payments.rollback();
    accounts.rollback();
    assertThat(named()).containsAll(moved);
    database.run("INSERT INTO accounts (owner) VALUES ('new')");
  }

  /** Columns, constraints and indexes by their names. */
  private List<String> named() {
    return database.list(
        """
        SELECT line FROM (
          SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod),
            attnotnull, (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
              WHERE adrelid = attrelid AND adnum = attnum)) AS line FROM pg_attribute
          WHERE attrelid IN ('accounts'::regclass, 'payments'::regclass)
            AND attnum > 0 AND NOT attisdropped
          UNION ALL SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
          WHERE conrelid IN ('accounts'::regclass, 'payments'::regclass) AND contype <> 'n'
          UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index
          WHERE indrelid IN ('accounts'::regclass, 'payments'::regclass)) t
        ORDER BY line COLLATE "C"
        """);
  }

  @Test
  void anIdentityColumnIsOneOnTheNewSideToo() throws Exception {
    expand("integer GENERATED BY DEFAULT AS IDENTITY");
    toDualWrite();
    toReadNew();
    assertThat(owner()).isEqualTo("id_big di");
    database.run("INSERT INTO accounts (owner) VALUES ('new')");
    assertThat(database.one("SELECT id_big FROM accounts WHERE id IS NULL")).isEqualTo("101");
    assertThat(
            database.one(
                "SELECT seqmax || has_sequence_privilege('%s', 'accounts_id_seq', 'USAGE')::text"
                        .formatted(database.stranger())
                    + " FROM pg_sequence WHERE seqrelid = 'accounts_id_seq'::regclass"))
        .isEqualTo("2147483647true");

    database.run("UPDATE accounts SET id = id_big");
    database.phase(1, true);
    payments.apply(SchemaStage.RELAX);
    accounts.apply(SchemaStage.RELAX);
    assertThat(owner()).isEqualTo("id di");
    database.run("INSERT INTO accounts (owner) VALUES ('old')");
    assertThat(database.one("SELECT id FROM accounts WHERE id_big IS NULL")).isEqualTo("102");

    toDualWrite();
    toReadNew();
    database.phase(3, true);
    accounts.apply(SchemaStage.CONTRACT);
    assertThat(
            database.one(
                "SELECT seqmax FROM pg_sequence" + " WHERE seqrelid = 'accounts_id_seq'::regclass"))
        .isEqualTo("9223372036854775807");
  }

  @Test
  void theKeyIsRolledBackUnlessPhase3LeavesItOut() throws Exception {
    expand("serial");
    toDualWrite();
    database.run("ALTER TABLE payments DROP CONSTRAINT payments_account_id_fkey");
    database.phase(2, true);
    List<String> before = keys();
    assertThat(accounts.apply(SchemaStage.ENFORCE)).endsWith("030-primary-key");
    database.phase(3, true);
    assertThatThrownBy(() -> accounts.rollback()).hasMessageContaining("go back to phase 2 first");
    database.phase(2, true);
    accounts.rollback();
    assertThat(keys()).isEqualTo(before);
    assertThat(owner()).isEqualTo("id a");
  }

  /** A writer that holds one of the tables and waits for the other one soon gets it. */
  @Test
  void theForeignKeyGivesWayToAWriter() throws Exception {
    expand("serial");
    toDualWrite();
    database.phase(2, true);
    accounts.apply(SchemaStage.ENFORCE);
    try (Connection writer = database.as("writer").getConnection()) {
      writer.setAutoCommit(false);
      writer.createStatement().execute("UPDATE accounts SET owner = 'you' WHERE id = 1");
      CompletableFuture<List<String>> stage =
          CompletableFuture.supplyAsync(() -> payments.apply(SchemaStage.ENFORCE));
      Timeouts.await()
          .until(
              () ->
                  database
                      .one(
                          "SELECT count(*) FROM pg_locks WHERE granted"
                              + " AND relation = 'payments'::regclass"
                              + " AND mode = 'ShareRowExclusiveLock'")
                      .equals("1"));
      writer.createStatement().execute("SET lock_timeout = '500ms'");
      writer.createStatement().execute("INSERT INTO payments VALUES (1000, 1, 1)");
      writer.commit();
      assertThat(stage.get(30, TimeUnit.SECONDS)).contains("030-foreign-key-1-drop");
    }
  }
}
