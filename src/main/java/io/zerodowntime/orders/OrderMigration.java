package io.zerodowntime.orders;

import io.zerodowntime.migration.ComparedReads;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Migrations;
import jakarta.inject.Singleton;
import java.util.Optional;

/** The migration that the statements of orders follow, found by its name in the definitions. */
@Singleton
class OrderMigration implements ComparedReads {
  /** Stands in the statements too. */
  static final String NAME = "orders-status";

  private final Optional<Migration> status;

  OrderMigration(Migrations migrations) {
    this.status = migrations.all().stream().filter(each -> each.name().equals(NAME)).findFirst();
  }

  @Override
  public boolean include(Migration migration) {
    return migration.name().equals(NAME);
  }

  /** Whether there is one: else this program serves no orders. */
  boolean isDefined() {
    return status.isPresent();
  }

  /**
   * The definition.
   *
   * @throws MigrationException.Unknown if MIGRATIONS_FILE names a file without it
   */
  Migration status() {
    return status.orElseThrow(() -> new MigrationException.Unknown(NAME));
  }
}
