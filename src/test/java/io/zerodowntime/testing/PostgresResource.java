package io.zerodowntime.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** Gives the application under test a fresh database and the passwords of its two users. */
public final class PostgresResource implements QuarkusTestResourceLifecycleManager {
  public static final String OPERATOR_PASSWORD = "operator";
  public static final String VIEWER_PASSWORD = "viewer";

  @Override
  public Map<String, String> start() {
    return Map.of(
        "DATABASE_URL", TestPostgres.create(PostgresResource.class).url(),
        "OPERATOR_PASSWORD", OPERATOR_PASSWORD,
        "VIEWER_PASSWORD", VIEWER_PASSWORD);
  }

  /** The server ends with the JVM. */
  @Override
  public void stop() {}
}
