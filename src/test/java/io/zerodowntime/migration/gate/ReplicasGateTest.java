package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gate before the step that reads the new column: replicas that READ_REPLICA_URL names. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ReplicasGateTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Pool pool;
  @Inject Migrations migrations;
  @Inject StateSource states;

  private long end;

  @BeforeEach
  void backfill() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(100);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    String lsn = database.one("SELECT finish_lsn::text FROM backfill_run ORDER BY id DESC LIMIT 1");
    end = database.number("SELECT ('" + lsn + "'::pg_lsn - '0/0'::pg_lsn)::bigint");
  }

  @Test
  void waitsForEachOfThem() {
    assertThat(verdict(reading("", end), reading("", end + 1)).open()).isTrue();
    Verdict behind = verdict(reading("", end), reading("", end - 1));
    assertThat(behind.open()).isFalse();
    assertThat(behind.reason()).contains("r:1 (behind)").contains("not past ");
  }

  @Test
  void isClosedWhereOneCannotBeRead() {
    Verdict verdict = verdict(reading("it does not answer", null));
    assertThat(verdict.open()).isFalse();
    assertThat(verdict.reason()).contains("r:1 (it does not answer)");
    assertThat(verdict.remedy()).contains("READ_REPLICA_URL");
  }

  private static ReplicaReading reading(String problem, Long replayed) {
    return new ReplicaReading(
        "r:1",
        Optional.of(problem).filter(text -> !text.isEmpty()),
        Optional.empty(),
        Optional.ofNullable(replayed));
  }

  private Verdict verdict(ReplicaReading... readings) {
    Gates gates =
        new Gates(
            EngineConfig.with("migration.soak", "PT0S"),
            new DefinitionCheck(pool, migrations),
            () -> Uni.createFrom().item(List.of(readings)),
            List.of());
    return Engine.await(
            states
                .state(pool, engine.migration())
                .chain(
                    state ->
                        gates.verdicts(
                            pool,
                            engine.migration(),
                            state,
                            Step.DUAL_WRITE_TO_READ_NEW,
                            List.of())))
        .stream()
        .filter(each -> each.gate().equals("replicas"))
        .findFirst()
        .orElseThrow();
  }
}
