package io.zerodowntime.migration.phase;

import io.quarkus.arc.All;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.MigrationLog;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Step;
import io.zerodowntime.tracing.Trace;
import io.zerodowntime.tracing.Tracing;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Tells the log, the listeners and the traces about steps and the end of their grace periods. */
@ApplicationScoped
class StepSignals {
  private static final Logger LOG = Logger.getLogger(PhaseReconciler.class);

  private final List<MigrationListener> listeners;
  private final Tracing tracing;

  StepSignals(@All List<MigrationListener> listeners, Tracing tracing) {
    this.listeners = listeners;
    this.tracing = tracing;
  }

  /** Whether traces are sent. */
  boolean isTraced() {
    return tracing.isOn();
  }

  /** Begins the trace of a step that may not be taken; null where nothing is traced. */
  @Nullable Trace attempt() {
    return tracing.attempt("step");
  }

  /** A step is committed. */
  void stepped(Migration migration, Step step, long epoch, @Nullable Trace trace) {
    MigrationLog.info(
        LOG,
        migration,
        step.to(),
        epoch,
        "%s: step %s, phase %s, epoch %d".formatted(migration.name(), step, step.to(), epoch));
    if (trace != null) {
      describe(trace.rename("step " + step), migration, epoch).end(null);
      trace.keep();
    }
  }

  /**
   * The grace period of an epoch is over.
   *
   * @param traceparent of the step that began it; null if it was not traced
   */
  void drained(
      Migration migration, MigrationState state, Duration took, @Nullable String traceparent) {
    MigrationLog.info(
        LOG,
        migration,
        state.phase(),
        state.epoch(),
        "%s: epoch %d drained after %d ms"
            .formatted(migration.name(), state.epoch(), took.toMillis()));
    Instant began = state.changedAt().toInstant();
    tracing.record(
        "drain",
        traceparent,
        began,
        began.plus(took),
        trace -> describe(trace, migration, state.epoch()));
    listeners.forEach(listener -> listener.onDrained(migration, state.epoch(), took));
  }

  private static Trace describe(Trace trace, Migration migration, long epoch) {
    return trace.put("migration", migration.name()).put("migration.epoch", epoch);
  }
}
