package io.zerodowntime.migration.backfill;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Proves that the timers send for twenty migrations no more statements than for one. */
@QuarkusTest
@TestProfile(ManyMigrationsAtRestTest.Twenty.class)
class ManyMigrationsAtRestTest extends StatementsAtRest {
  private static final int MIGRATIONS = 20;

  ManyMigrationsAtRestTest() {
    super(MIGRATIONS);
  }

  /** The migration of orders, and others of tables that are not there yet. */
  public static class Twenty extends EngineProfile {
    private static final String DEFINITION =
        "  t%1$d:\n    table: t%1$d\n    key: [id]\n    old: {o: upper(n)}\n    new: {n: lower(o)}\n";

    public Twenty() {
      super("migration.file", file());
    }

    private static String file() {
      try {
        String shipped = Files.readString(Path.of("src/main/resources/migrations.yaml"));
        String others =
            IntStream.range(1, MIGRATIONS)
                .mapToObj(DEFINITION::formatted)
                .collect(Collectors.joining());
        return Files.writeString(Files.createTempFile("migrations", ".yaml"), shipped + others)
            .toString();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
