package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** A table of accounts with a primary key to move, and one of payments that refers to it. */
abstract class PlannedKeys {
  static final Migration ACCOUNTS =
      migration("accounts-id", "accounts", "id", "id_big", "accounts_id_big_key");
  static final Migration PAYMENTS =
      migration("payments-account", "payments", "account_id", "account_big", "payments_big_idx");

  final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir Path directory;
  PlannedChangelog accounts;
  PlannedChangelog payments;

  static Migration migration(String name, String table, String from, String to, String index) {
    return migration(name, table, from, to, index, Migration.Options.NONE);
  }

  static Migration migration(
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

  void expand(String id) throws Exception {
    expand(id, ACCOUNTS, PAYMENTS);
  }

  void expand(String id, Migration parent, Migration child) throws Exception {
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

  void toDualWrite() {
    database.phase(1, true);
    database.run("UPDATE accounts SET id_big = id", "UPDATE payments SET account_big = account_id");
    assertThat(accounts.apply(SchemaStage.INDEX)).containsExactly("020-index-1", "020-index-2");
    payments.apply(SchemaStage.INDEX);
  }

  void toReadNew() {
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

  List<String> keys() {
    return database.list(
        "SELECT concat_ws(' ', conname, pg_get_constraintdef(oid), convalidated)"
            + " FROM pg_constraint WHERE conrelid IN ('accounts'::regclass, 'payments'::regclass)"
            + " AND contype IN ('p', 'f') ORDER BY 1");
  }

  String owner() {
    return database.one(
        "SELECT string_agg(concat(a.attname, ' ', a.attidentity, d.deptype), ',') FROM pg_depend d"
            + " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
            + " WHERE d.objid = to_regclass('accounts_id_seq') AND d.deptype IN ('a', 'i')");
  }
}
