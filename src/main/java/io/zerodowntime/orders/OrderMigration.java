package io.zerodowntime.orders;

import io.zerodowntime.migration.Migration;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;

/** Moves the status of orders from upper-case {@code old_status} to lower-case {@code status}. */
final class OrderMigration {
  static final Migration STATUS =
      new Migration(
          "orders-status",
          "orders",
          List.of("id"),
          "old_status",
          "status",
          "lower(old_status)",
          "upper(status)",
          List.of("orders_status_idx"),
          List.of("orders_old_status_idx"),
          Migration.Options.NONE);

  OrderMigration() {}

  @Produces
  @Singleton
  static Migration ordersStatus() {
    return STATUS;
  }
}
