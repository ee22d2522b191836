package io.zerodowntime.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the packaged artefact is started with: a database, a directory of flags, no soak time. */
public final class PackagedServiceResource implements QuarkusTestResourceLifecycleManager {
  private final PostgresResource postgres = new PostgresResource();
  private Path flags;

  @Override
  public Map<String, String> start() {
    try {
      flags = Files.createTempDirectory("flags");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> environment = new LinkedHashMap<>(postgres.start());
    environment.put("FLAGS_DIR", flags.toString());
    environment.put("MIGRATION_SOAK", "0s");
    environment.put("MIGRATION_AUTO_EXPAND", "true");
    return environment;
  }

  @Override
  public void stop() {
    try {
      for (String flag : List.of("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW", "")) {
        Files.deleteIfExists(flags.resolve(flag));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(
        flags, new TestInjector.AnnotatedAndMatchesType(FlagsDirectory.class, Path.class));
  }
}
