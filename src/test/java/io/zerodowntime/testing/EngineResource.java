package io.zerodowntime.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A database with its schema behind a {@link FaultyProxy}, a directory of flags, and the passwords
 * of both users.
 */
public final class EngineResource implements QuarkusTestResourceLifecycleManager {
  /** An entry with this argument gets an empty database. */
  public static final Map<String, String> EMPTY = Map.of("empty", "true");

  /** With this argument the service and the test are the role that owns the tables. */
  public static final Map<String, String> OWNER = Map.of("role", TestPostgres.OWNER);

  static final String DATABASE = "test.database";
  static final String ROLE = "test.database.role";
  static final String PORT = "test.database.port";
  static final String WIRE = "test.wire.port";

  private boolean empty;
  private String role;

  @Override
  public void init(Map<String, String> arguments) {
    empty = arguments.equals(EMPTY);
    role = arguments.getOrDefault("role", TestPostgres.SUPERUSER);
  }

  @Override
  public Map<String, String> start() {
    TestDatabase database =
        empty ? TestPostgres.create(EngineResource.class) : EngineSchema.copy(EngineResource.class);
    int wire = freePort();
    return Map.of(
        "DATABASE_URL",
        new TestDatabase(database.name(), wire, role).url(),
        "OPERATOR_PASSWORD",
        PostgresResource.OPERATOR_PASSWORD,
        "VIEWER_PASSWORD",
        PostgresResource.VIEWER_PASSWORD,
        "FLAGS_DIR",
        flags().toString(),
        DATABASE,
        database.name(),
        PORT,
        String.valueOf(database.port()),
        ROLE,
        role,
        WIRE,
        String.valueOf(wire));
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path flags() {
    try {
      Path directory = Files.createTempDirectory("flags");
      directory.toFile().deleteOnExit();
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop() {}
}
