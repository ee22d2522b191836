package io.zerodowntime.migration;

import org.jboss.logging.Logger;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/** Log lines about one migration, with fields by which they are found. */
public final class MigrationLog {
  private static final String MIGRATION = "migration";
  private static final String PHASE = "phase";
  private static final String EPOCH = "epoch";

  private MigrationLog() {}

  /**
   * Logs what has changed.
   *
   * @param phase in force; null where that is not known
   */
  public static void info(
      Logger log, Migration migration, @Nullable Phase phase, long epoch, String message) {
    MDC.put(MIGRATION, migration.name());
    MDC.put(EPOCH, String.valueOf(epoch));
    if (phase != null) {
      MDC.put(PHASE, String.valueOf(phase.number()));
    }
    try {
      log.info(message);
    } finally {
      MDC.remove(MIGRATION);
      MDC.remove(EPOCH);
      MDC.remove(PHASE);
    }
  }
}
