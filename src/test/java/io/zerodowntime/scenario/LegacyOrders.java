package io.zerodowntime.scenario;

import java.util.List;
import java.util.Locale;

/** The orders that are there before the migration: each one's status follows from its id. */
final class LegacyOrders {
  private static final List<String> STATUSES =
      List.of("PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED", "Paid", "shipped");

  private static final String LOAD =
      """
      INSERT INTO orders (user_id, amount, old_status, created_at)
      SELECT 1 + n * 7919 %% 5000, 1 + (n * 104729 %% 99999) / 100.0,
        (ARRAY['%s'])[1 + n %% %d], now() - n * interval '1 second'
      FROM generate_series(1, %d::bigint) AS n ORDER BY n
      """;

  private LegacyOrders() {}

  /** SQL that fills the empty table with the ids 1 to {@code rows}. */
  static String load(long rows) {
    return LOAD.formatted(String.join("','", STATUSES), STATUSES.size(), rows);
  }

  /** What {@code old_status} holds at first. */
  static String raw(long id) {
    return STATUSES.get((int) (id % STATUSES.size()));
  }

  /** The same as the API shows it. */
  static String status(long id) {
    return raw(id).toLowerCase(Locale.ROOT);
  }
}
