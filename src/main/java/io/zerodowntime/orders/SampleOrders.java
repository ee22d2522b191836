package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;

/** Legacy orders to try a migration on. */
@ApplicationScoped
public class SampleOrders {
  private static final String LOAD =
      """
      INSERT INTO orders (user_id, amount, old_status, created_at)
      SELECT 1 + n * 7919 % 5000, 1 + (n * 104729 % 99999) / 100.0,
        (ARRAY['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'Paid', 'Shipped'])
          [1 + n * 31 % 7],
        now() - (($1::bigint - n) * interval '20 seconds')
      FROM generate_series(1, $1::bigint) AS n
      WHERE NOT EXISTS (SELECT FROM orders)
        AND EXISTS (SELECT FROM migration_state WHERE name = 'orders-status' AND phase = 0)
      """;

  private final Pool pool;
  private final OrderMigration migration;

  SampleOrders(Pool pool, OrderMigration migration) {
    this.pool = pool;
    this.migration = migration;
  }

  /** Whether this program serves orders: its definitions have their migration. */
  public boolean areServed() {
    return migration.isDefined();
  }

  /**
   * Fills an empty table in phase 0, by one statement; does nothing to any other one.
   *
   * @param rows how many, from 0
   * @return how many orders were loaded
   */
  public Uni<Integer> load(int rows) {
    return pool.preparedQuery(LOAD)
        .execute(Tuple.of((long) rows))
        .map(inserted -> inserted.rowCount());
  }
}
