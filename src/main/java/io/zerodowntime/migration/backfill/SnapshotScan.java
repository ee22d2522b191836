package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jboss.logging.Logger;

/**
 * One process's attempt to compare a table in one snapshot: it claims the run, its sessions take
 * ranges of pages until there is none left, and it closes the run. Every range is taken once, and
 * an attempt in which one failed never closes the run.
 */
final class SnapshotScan {
  private static final Logger LOG = Logger.getLogger(SnapshotScan.class);
  private static final Duration OTHERS = Duration.ofSeconds(1);

  /** A session that rests longer would be ended as idle. */
  private static final Duration LONGEST_REST = Duration.ofSeconds(10);

  private final SnapshotComparison engine;
  private final Migration migration;
  private final Run run;
  private final int workers;
  private final List<Uni<SnapshotSession>> sessions = new CopyOnWriteArrayList<>();
  private final AtomicLong nextPage = new AtomicLong();
  private final AtomicLong mismatches = new AtomicLong();
  private volatile Optional<Attempt> attempt = Optional.empty();
  private volatile boolean over;
  private volatile boolean late;

  SnapshotScan(SnapshotComparison engine, Migration migration, Run run, int workers) {
    this.engine = engine;
    this.migration = migration;
    this.run = run;
    this.workers = workers;
  }

  Multi<BatchResult> batches() {
    Multi<BatchResult> claims =
        Multi.createBy()
            .repeating()
            .uni(this::claim)
            .whilst(result -> result.outcome() == BatchResult.Outcome.BUSY);
    return Multi.createBy()
        .concatenating()
        .streams(
            claims,
            Multi.createFrom().deferred(this::ranges),
            Multi.createFrom().deferred(() -> end().toMulti()))
        .onTermination()
        .call(this::release);
  }

  private Uni<BatchResult> claim() {
    return open(Optional.empty())
        .chain(session -> session.export(migration, run))
        .chain(
            exported -> {
              if (!exported.working()) {
                return none(BatchResult.Outcome.STOPPED);
              }
              return exported.claimed()
                  ? begin(exported)
                  : release()
                      .chain(() -> engine.stream.pause(migration, "others_hold_the_ranges", OTHERS))
                      .chain(() -> none(BatchResult.Outcome.BUSY));
            });
  }

  private Uni<BatchResult> begin(SnapshotSession.Exported exported) {
    return engine
        .store
        .begin(run, exported.takenAt())
        .chain(
            number -> {
              attempt = number.map(n -> new Attempt(n, exported, System.nanoTime()));
              attempt.ifPresent(this::log);
              return attempt.isPresent()
                  ? none(BatchResult.Outcome.WORKED)
                  : fallBack("no attempt is left");
            });
  }

  private void log(Attempt begun) {
    LOG.infof(
        "%s: run %d compares %d pages in one snapshot, attempt %d of %d, %d sessions",
        migration.name(),
        run.id(),
        begun.exported().pages(),
        begun.number(),
        SnapshotStore.MAX_ATTEMPTS,
        workers);
  }

  private Multi<BatchResult> ranges() {
    return attempt
        .map(
            begun ->
                Multi.createBy()
                    .merging()
                    .streams(IntStream.range(0, workers).mapToObj(i -> worker(i, begun)).toList()))
        .orElseGet(() -> Multi.createFrom().empty());
  }

  private Multi<BatchResult> worker(int number, Attempt begun) {
    Uni<SnapshotSession> session =
        number == 0 ? sessions.get(0) : open(Optional.of(begun.exported().snapshot()));
    Pace pace = new Pace(run.limits());
    return Multi.createBy()
        .repeating()
        .uni(() -> session.chain(opened -> paced(opened, begun, pace)))
        .whilst(result -> !result.last());
  }

  private Uni<BatchResult> paced(SnapshotSession session, Attempt begun, Pace pace) {
    if (nextPage.get() < begun.exported().pages()
        && System.nanoTime() - begun.nanos() > engine.limit.toNanos()) {
      late = true;
    }
    if (over || late) {
      return none(BatchResult.Outcome.STOPPED);
    }
    return engine
        .pressure
        .reason()
        .chain(
            reason ->
                reason.isPresent()
                    ? idle(session, begun)
                        .chain(() -> pause(reason.get(), DatabasePressure.INTERVAL))
                        .chain(() -> none(BatchResult.Outcome.BUSY))
                    : range(session, begun, pace));
  }

  /** Keeps the session, and sees whether the run goes on. */
  private Uni<Void> idle(SnapshotSession session, Attempt begun) {
    return session
        .ping()
        .chain(() -> engine.store.record(run, begun.number(), SnapshotSession.Found.NOTHING))
        .invoke(this::observe)
        .replaceWithVoid();
  }

  private Uni<BatchResult> range(SnapshotSession session, Attempt begun, Pace pace) {
    long pages = begun.exported().pages();
    long rowsOfPage = Math.max(1, run.rowsEstimate() / Math.max(1, pages));
    long size = Math.max(1, pace.size() / rowsOfPage);
    long from = nextPage.getAndAdd(size);
    if (from >= pages) {
      return none(BatchResult.Outcome.DONE);
    }
    long began = System.nanoTime();
    long keys = Math.max(0, BatchStatement.MAX_KEPT - mismatches.get());
    return session
        .compare(migration, from, Math.min(pages, from + size), keys)
        .chain(
            found ->
                engine
                    .store
                    .record(run, begun.number(), found)
                    .map(
                        limits ->
                            result(found, limits, Duration.ofNanos(System.nanoTime() - began))))
        .invoke(
            result ->
                observe(result, pace, (int) Math.min(size * rowsOfPage, Run.Limits.MAX_BATCH_SIZE)))
        .call(() -> pause("target_load", pace.delay()));
  }

  /** No limits: the run is over, or the claim was lost. */
  private void observe(Optional<Run.Limits> limits) {
    if (limits.isEmpty()) {
      over = true;
    }
  }

  private BatchResult result(
      SnapshotSession.Found found, Optional<Run.Limits> limits, Duration took) {
    mismatches.addAndGet(found.mismatched());
    observe(limits);
    return limits
        .map(
            now ->
                new BatchResult(
                    BatchResult.Outcome.WORKED, found.rows(), 0, found.mismatched(), 0, took, now))
        .orElseGet(() -> BatchResult.none(BatchResult.Outcome.STOPPED, run.limits()));
  }

  /** The pace follows the pages: many may be empty, and a batch of few rows is not a slow one. */
  private void observe(BatchResult result, Pace pace, int rows) {
    engine.stream.tell(migration, run, result);
    pace.observe(
        new BatchResult(result.outcome(), rows, 0, 0, 0, result.took(), result.limits()), rows);
  }

  private Uni<BatchResult> end() {
    if (attempt.isEmpty() || over) {
      return none(BatchResult.Outcome.STOPPED);
    }
    return late
        ? fallBack("the snapshot is older than " + engine.limit)
        : engine
            .stream
            .close(
                migration,
                run,
                transaction -> SnapshotStore.complete(transaction, run, attempt.get().number()))
            .chain(() -> none(BatchResult.Outcome.DONE));
  }

  private Uni<BatchResult> fallBack(String reason) {
    return engine
        .store
        .fallBack(migration, run)
        .invoke(
            begun -> {
              if (begun) {
                LOG.warnf(
                    "%s: run %d compares in the order of the key from now on: %s",
                    migration.name(), run.id(), reason);
              }
            })
        .chain(() -> none(BatchResult.Outcome.STOPPED));
  }

  private Uni<Void> pause(String reason, Duration delay) {
    Duration rest = delay.compareTo(LONGEST_REST) < 0 ? delay : LONGEST_REST;
    return engine.stream.pause(migration, reason, rest);
  }

  /** Whoever is cancelled leaves the session to {@link #release}, also one that is being opened. */
  private Uni<SnapshotSession> open(Optional<String> snapshot) {
    Uni<SnapshotSession> session = engine.store.open(migration, snapshot).memoize().indefinitely();
    sessions.add(session);
    return session;
  }

  private Uni<Void> release() {
    List<Uni<SnapshotSession>> opened = List.copyOf(sessions);
    sessions.clear();
    return Multi.createFrom()
        .iterable(opened)
        .onItem()
        .transformToUniAndMerge(
            session -> session.chain(SnapshotSession::close).onFailure().recoverWithNull())
        .collect()
        .last();
  }

  private Uni<BatchResult> none(BatchResult.Outcome outcome) {
    return Uni.createFrom().item(BatchResult.none(outcome, run.limits()));
  }

  /**
   * What was claimed.
   *
   * @param nanos when, by {@link System#nanoTime}
   */
  private record Attempt(int number, SnapshotSession.Exported exported, long nanos) {}
}
