package io.zerodowntime.migration.backfill;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;

/** Counts the statements that the timers send for one migration. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OneMigrationAtRestTest extends StatementsAtRest {
  OneMigrationAtRestTest() {
    super(1);
  }
}
