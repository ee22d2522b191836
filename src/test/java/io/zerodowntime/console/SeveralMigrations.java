package io.zerodowntime.console;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The migration of orders, and five of tables to come. */
final class SeveralMigrations {
  /** Registers the five, as the changesets of their tables will. */
  static final String REGISTER =
      "INSERT INTO migration_state (name, drained_at)"
          + " SELECT 't' || n, now() FROM generate_series(1, 5) AS n ON CONFLICT DO NOTHING";

  private static final String DEFINITION =
      """
        t%1$d:
          table: t%1$d
          key: [id]
          old: {o: upper(n)}
          new: {n: lower(o)}
          sync: detect
      """;

  private SeveralMigrations() {}

  static Path file(Path directory) throws IOException {
    String shipped = Files.readString(Path.of("src/main/resources/migrations.yaml"));
    String others =
        IntStream.rangeClosed(1, 5).mapToObj(DEFINITION::formatted).collect(Collectors.joining());
    return Files.writeString(directory.resolve("migrations.yaml"), shipped + others);
  }
}
