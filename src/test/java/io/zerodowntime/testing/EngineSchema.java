package io.zerodowntime.testing;

import java.sql.Connection;
import java.sql.SQLException;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.UpdateSummaryEnum;
import liquibase.exception.LiquibaseException;

/**
 * The engine's tables, those of orders, and the new column, as the command {@code expand} leaves
 * them in phase 0. Liquibase runs in the JVM of the tests, and once for all copies, as {@link
 * TestPostgres#OWNER}.
 */
public final class EngineSchema {
  /** The changelog that runs. */
  static final String CHANGELOG = "liquibase/changelog-root.yaml";

  /** What runs of it. */
  static final String LABELS = "initial or expand";

  private static final String MADE = "test.engine.template";

  private EngineSchema() {}

  /**
   * A database of the test server that has them, without rows.
   *
   * @param test names the database
   */
  public static TestDatabase copy(Class<?> test) {
    return TestPostgres.create(test, name());
  }

  /** The name is of the JVM, as each application has a copy of this class. */
  private static String name() {
    // the start of the server takes the lock as well: it must not begin within
    TestPostgres.port();
    synchronized (Runtime.getRuntime()) {
      if (System.getProperty(MADE) == null) {
        System.setProperty(MADE, make().name());
      }
      return System.getProperty(MADE);
    }
  }

  private static TestDatabase make() {
    TestDatabase template = TestPostgres.create(EngineSchema.class);
    createSchema(template);
    create(template.as(TestPostgres.OWNER));
    return template;
  }

  /** For the functions that other services call; their owner may create no schema. */
  private static void createSchema(TestDatabase template) {
    try (Connection connection = template.dataSource().getConnection()) {
      EngineDatabase.execute(
          connection, "CREATE SCHEMA zerodowntime AUTHORIZATION " + TestPostgres.OWNER);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Creates them in a database of any server. */
  public static void create(TestDatabase database) {
    try {
      Liquibases.quietly(Liquibases.of(database.dataSource(), CHANGELOG), EngineSchema::update);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void update(Liquibase liquibase) throws LiquibaseException {
    liquibase.setShowSummary(UpdateSummaryEnum.OFF);
    liquibase.update(new Contexts(), new LabelExpression(LABELS));
  }
}
