package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phase 3, back to 2 and to 3 again under traffic, while the soak time wants compared reads. */
class ReturnToContractIT {
  private static final int ROWS = 2000;
  private static final String STEPS =
      "SELECT string_agg(from_phase::text || to_phase, ' ' ORDER BY id) FROM migration_history"
          + " WHERE kind <> 'action'";

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(ReturnToContractIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);

  @Test
  void theFleetReturnsToPhase3OnceTheOldColumnIsProvenAgain() throws Exception {
    Map<String, String> settings =
        Map.of("SHADOW_SAMPLE", "0.5", "MIGRATION_SOAK", "2s", "MIGRATION_AUTO_EXPAND", "true");
    try (Fleet fleet = new Fleet(directory, database, settings)) {
      table.ask(LegacyOrders.load(ROWS));
      fleet.serve();
      fleet.serve();
      MigrationWalk walk = new MigrationWalk(fleet, table, 0);
      try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("2 -> 3 -> 2 -> 3")) {
        walk.toDualWrite();
        walk.toReadNew();
        walk.toContract();
        long writes = ledger.acknowledgedWrites();
        MigrationWalk.await().until(() -> ledger.acknowledgedWrites() > writes + 100);
        walk.backToReadNew();
        walk.toContract();
        traffic.close();
        assertThat(traffic.failures().first()).as(fleet.output()).isEmpty();
      }
      walk.drop();
    }
    assertThat(table.compare(ledger, "status")).isEmpty();
    assertThat(table.ask(STEPS)).isEqualTo("01 12 23 32 23 33");
  }
}
