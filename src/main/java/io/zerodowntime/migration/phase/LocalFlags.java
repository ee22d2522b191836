package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/**
 * Writes the flag files of this machine, where {@code migration.local-flags} allows it: in
 * development. In a cluster the flags come from outside, and no instance may write its own.
 */
@ApplicationScoped
public class LocalFlags {
  private final MigrationConfig config;

  LocalFlags(MigrationConfig config) {
    this.config = config;
  }

  /** Whether {@link #ask} may write. */
  public boolean areWritable() {
    return config.localFlags() && config.flagsDir().isPresent();
  }

  /**
   * Lets the flags of this machine ask for a phase. Each file is replaced as a whole, in an order
   * in which no set between two neighbouring phases is one that is refused.
   *
   * @return fails with {@link MigrationException.Refused} where the flags come from outside
   */
  public Uni<Void> ask(Migration migration, Phase phase) {
    if (!areWritable()) {
      return Uni.createFrom()
          .failure(
              new MigrationException.Refused(
                  "this program may not write its own flags: MIGRATION_LOCAL_FLAGS is for"
                      + " development"));
    }
    Path directory = Path.of(config.flagsDir().get());
    return Uni.createFrom()
        .voidItem()
        .invoke(() -> write(directory, migration, Flags.of(phase)))
        .runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
  }

  private void write(Path directory, Migration migration, Flags flags) {
    for (Map.Entry<String, Boolean> flag : flags.inOrderOfWriting()) {
      replace(file(directory, migration, flag.getKey()), flag.getValue());
    }
  }

  /** A file with the migration's name before the flag wins over one without. */
  private Path file(Path directory, Migration migration, String flag) {
    Path own = directory.resolve(migration.name() + "." + flag);
    return migration.name().equals(config.primary()) && !Files.exists(own)
        ? directory.resolve(flag)
        : own;
  }

  private static void replace(Path file, boolean value) {
    try {
      Path whole = Files.createTempFile(file.getParent(), ".flag", "");
      Files.writeString(whole, value + "\n");
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }
}
