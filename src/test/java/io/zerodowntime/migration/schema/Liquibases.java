package io.zerodowntime.migration.schema;

import java.util.Map;
import java.util.function.Supplier;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.exception.LiquibaseException;
import liquibase.logging.core.BufferedLogService;
import liquibase.ui.LoggerUIService;

/** Plain Liquibase for tests. */
final class Liquibases {
  private Liquibases() {}

  interface Work {
    void run(Liquibase liquibase) throws LiquibaseException;
  }

  static void quietly(SchemaTestDatabase database, Work work) throws Exception {
    quietly(database.liquibase(database.as("Liquibase")), work);
  }

  static void quietly(Supplier<Liquibase> source, Work work) throws Exception {
    Map<String, Object> quiet =
        Map.of(
            Scope.Attr.ui.name(),
            new LoggerUIService(),
            Scope.Attr.logService.name(),
            new BufferedLogService(),
            "liquibase.analytics.enabled",
            false);
    Scope.child(
        quiet,
        () -> {
          try (Liquibase liquibase = source.get()) {
            work.run(liquibase);
          }
        });
  }
}
