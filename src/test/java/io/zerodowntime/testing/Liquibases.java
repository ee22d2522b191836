package io.zerodowntime.testing;

import java.sql.SQLException;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.logging.core.BufferedLogService;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;

/** Plain Liquibase for tests, as its command line runs it, with nothing of ours around. */
public final class Liquibases {
  private Liquibases() {}

  /** What a test does with it. */
  public interface Work {
    void run(Liquibase liquibase) throws LiquibaseException;
  }

  /** Opens one with a connection of its own. */
  public static Supplier<Liquibase> of(DataSource source, String changelog) {
    return () -> {
      try {
        return new Liquibase(
            changelog,
            new ClassLoaderResourceAccessor(),
            DatabaseFactory.getInstance()
                .findCorrectDatabaseImplementation(new JdbcConnection(source.getConnection())));
      } catch (LiquibaseException | SQLException e) {
        throw new IllegalStateException(e);
      }
    };
  }

  /** Works with one that prints and logs nothing, and closes it. */
  public static void quietly(Supplier<Liquibase> source, Work work) throws Exception {
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
