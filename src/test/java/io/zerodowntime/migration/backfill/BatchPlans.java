package io.zerodowntime.migration.backfill;

import io.zerodowntime.testing.EngineDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** How PostgreSQL runs a batch; what the batch did is rolled back. */
final class BatchPlans {
  private BatchPlans() {}

  /** The lines of EXPLAIN ANALYZE for a plan of this mode, {@code generic} or {@code custom}. */
  static List<String> lines(EngineDatabase database, String mode, String sql, long run, int rows)
      throws SQLException {
    try (Connection session = database.session("plan");
        Statement statement = session.createStatement()) {
      statement.execute("SET plan_cache_mode = force_%s_plan".formatted(mode));
      statement.execute("PREPARE batch (bigint, bigint) AS " + sql);
      List<String> lines = new ArrayList<>();
      try (ResultSet plan =
          statement.executeQuery(
              "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE batch (%d, %d)"
                  .formatted(run, rows))) {
        while (plan.next()) {
          lines.add(plan.getString(1));
        }
      }
      session.rollback();
      return lines;
    }
  }
}
