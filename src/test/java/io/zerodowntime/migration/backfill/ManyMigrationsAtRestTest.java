package io.zerodowntime.migration.backfill;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.TwentyMigrations;
import org.junit.jupiter.api.BeforeEach;

/** Proves that the timers send for twenty migrations no more statements than for one. */
@QuarkusTest
@TestProfile(TwentyMigrations.class)
class ManyMigrationsAtRestTest extends StatementsAtRest {
  ManyMigrationsAtRestTest() {
    super(TwentyMigrations.COUNT);
  }

  @BeforeEach
  void register() {
    TwentyMigrations.register(database);
  }
}
