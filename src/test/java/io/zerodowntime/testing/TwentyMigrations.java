package io.zerodowntime.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The whole service without its timers: the migration of orders, and 19 of tables to come. */
public class TwentyMigrations extends EngineProfile {
  public static final int COUNT = 20;

  private static final String DEFINITION =
      "  t%1$d:\n    table: t%1$d\n    key: [id]\n    old: {o: upper(n)}\n    new: {n: lower(o)}\n";

  public TwentyMigrations() {
    super("migration.file", file());
  }

  /** Registers all of them, as the changesets of their tables will. */
  public static void register(EngineDatabase database) {
    database.run(
        "INSERT INTO migration_state (name, drained_at)"
            + " SELECT 't' || n, now() FROM generate_series(1, %d) AS n".formatted(COUNT - 1)
            + " ON CONFLICT DO NOTHING");
  }

  private static String file() {
    try {
      String shipped = Files.readString(Path.of("src/main/resources/migrations.yaml"));
      String others =
          IntStream.range(1, COUNT).mapToObj(DEFINITION::formatted).collect(Collectors.joining());
      return Files.writeString(Files.createTempFile("migrations", ".yaml"), shipped + others)
          .toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
