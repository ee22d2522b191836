package io.zerodowntime.testing;

/** The whole service without its timers, with two migrations of the table {@code invoice}. */
public class TwoMigrations extends EngineProfile {
  public TwoMigrations() {
    super(
        "migration.file", "src/test/resources/invoices/migrations.yaml",
        "quarkus.liquibase.change-log", "invoices/changelog.yaml");
  }

  /** No invoices, and every column as {@code expand} leaves it; after that of the engine. */
  public static void reset(EngineDatabase database) {
    database.run("TRUNCATE invoice");
    database.run("ALTER TABLE invoice ADD COLUMN IF NOT EXISTS old_status varchar(50)");
    database.run("ALTER TABLE invoice ADD COLUMN IF NOT EXISTS amount numeric(12, 2)");
    database.run(
        "ALTER TABLE invoice ALTER COLUMN old_status DROP NOT NULL, ALTER COLUMN amount DROP NOT NULL");
    database.run(
        "ALTER TABLE invoice ALTER COLUMN status DROP NOT NULL, ALTER COLUMN amount_cents DROP NOT NULL");
    database.run("DELETE FROM databasechangelog WHERE id ~ '(enforce|contract)$'");
  }
}
