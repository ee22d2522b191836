package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.testing.Timeouts;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Proves that the files of a plan move a primary key that foreign keys refer to, and back. */
@OnSchemaServer
class PlannedKeyTest extends PlannedKeys {
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
