package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.migration.backfill.BatchResult.BatchStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
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

  /** Ranges of a session in flight: its server has the next one when it has answered one. */
  private static final int LANES = 2;

  /** For a wait that is over. */
  private static final Duration SHORTEST = Duration.ofMillis(1);

  /** A lane that rests looks so often at least whether the snapshot is too old. */
  private static final Duration LONGEST_REST = Duration.ofSeconds(10);

  private final SnapshotComparison engine;
  private final Migration migration;
  private final Run run;
  private final int count;
  private final KeySql key;
  private final List<Uni<SnapshotSession>> sessions = new CopyOnWriteArrayList<>();
  private volatile FairSlots.Slot slot;
  private volatile Optional<SnapshotAttempt> attempt = Optional.empty();
  private volatile boolean over;
  private volatile boolean late;

  SnapshotScan(SnapshotComparison engine, Migration migration, Run run, int count) {
    this.engine = engine;
    this.migration = migration;
    this.run = run;
    this.count = count;
    this.key = KeySql.untyped(migration, run.key(migration));
    this.slot = engine.slot();
  }

  Multi<BatchResult> batches() {
    Multi<BatchResult> claims =
        Multi.createBy()
            .repeating()
            .uni(this::claim)
            .whilst(result -> result.status() == BatchStatus.BUSY);
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
    slot = engine.slot();
    return slot.granted()
        .chain(() -> open(Optional.empty()))
        .chain(session -> session.export(migration, run))
        .chain(
            exported -> {
              if (!exported.working()) {
                return none(BatchStatus.STOPPED);
              }
              return exported.claimed()
                  ? begin(exported)
                  : release()
                      .chain(
                          () ->
                              engine.workers.pause(
                                  migration, General.OTHERS_HOLD_THE_RANGES, OTHERS))
                      .chain(() -> none(BatchStatus.BUSY));
            });
  }

  private Uni<BatchResult> begin(SnapshotSession.Exported exported) {
    return engine
        .store
        .begin(run, exported.takenAt())
        .chain(
            number -> {
              attempt = number.map(n -> new SnapshotAttempt(n, exported, System.nanoTime()));
              attempt.ifPresent(this::log);
              return attempt.isPresent()
                  ? none(BatchStatus.WORKED)
                  : fallBack("no attempt is left");
            });
  }

  private void log(SnapshotAttempt begun) {
    LOG.infof(
        "%s: run %d compares %d pages in one snapshot, attempt %d of %d, %d sessions",
        migration.name(),
        run.id(),
        begun.exported().pages().count(),
        begun.number(),
        SnapshotStore.MAX_ATTEMPTS,
        count);
  }

  private Multi<BatchResult> ranges() {
    return attempt
        .map(begun -> Multi.createBy().merging().streams(lanes(begun)))
        .orElseGet(() -> Multi.createFrom().empty());
  }

  private List<Multi<BatchResult>> lanes(SnapshotAttempt begun) {
    List<Uni<SnapshotSession>> opened =
        IntStream.range(0, count)
            .mapToObj(
                i -> i == 0 ? sessions.get(0) : open(Optional.of(begun.exported().snapshot())))
            .toList();
    return IntStream.range(0, count * LANES)
        .mapToObj(i -> lane(opened.get(i % count), begun))
        .toList();
  }

  private Multi<BatchResult> lane(Uni<SnapshotSession> session, SnapshotAttempt begun) {
    Pace pace = new Pace(run.limits(), run.kind());
    Unrecorded held = new Unrecorded();
    return Multi.createBy()
        .repeating()
        .uni(() -> session.chain(opened -> paced(opened, begun, pace, held)))
        .whilst(result -> !result.last());
  }

  private Uni<BatchResult> paced(
      SnapshotSession session, SnapshotAttempt begun, Pace pace, Unrecorded held) {
    if (begun.exported().pages().left()
        && System.nanoTime() - begun.nanos() > engine.limit.toNanos()) {
      late = true;
    }
    if (over || late) {
      return none(BatchStatus.STOPPED);
    }
    return engine
        .workers
        .throttle(migration, run, pace)
        .chain(pacing -> shared(begun, () -> range(session, begun, pace, held), pace));
  }

  /** Whoever gets no share before the snapshot is too old gives it up. */
  private Uni<BatchResult> shared(
      SnapshotAttempt begun, Supplier<Uni<? extends BatchResult>> range, Pace pace) {
    if (!begun.exported().pages().left()) {
      return Uni.createFrom().deferred(range); // to record what was found
    }
    Duration left = engine.limit.minusNanos(System.nanoTime() - begun.nanos());
    return engine
        .workers
        .shareWithin(
            left.compareTo(SHORTEST) > 0 ? left : SHORTEST,
            migration,
            SharedWorkers.RANGE,
            range,
            () -> none(BatchStatus.BUSY))
        .call(
            result ->
                result.last()
                    ? Uni.createFrom().voidItem()
                    : engine.workers.restMore(migration, pace, LONGEST_REST));
  }

  private Uni<BatchResult> range(
      SnapshotSession session, SnapshotAttempt begun, Pace pace, Unrecorded held) {
    SnapshotPages pages = begun.exported().pages();
    long rowsOfPage = Math.max(1, run.rowsEstimate() / Math.max(1, pages.count()));
    Optional<SnapshotPages.Range> next = pages.next(Math.max(1, pace.size() / rowsOfPage));
    if (next.isEmpty()) {
      return record(begun, held).chain(() -> none(BatchStatus.DONE));
    }
    SnapshotPages.Range range = next.get();
    long began = System.nanoTime();
    int rows = (int) Math.min((range.to() - range.from()) * rowsOfPage, Run.Limits.MAX_BATCH_SIZE);
    return session
        .compare(key, range, pages.keysLeft())
        .map(found -> found.orElseGet(() -> gone(pages, range)))
        .invoke(found -> held.add(found.first(pages.differ(range.part(), found.mismatched()))))
        .map(found -> result(found, pace.limits(), Duration.ofNanos(System.nanoTime() - began)))
        .invoke(result -> engine.stream.tell(migration, run, result))
        .call(() -> held.isDue() ? record(begun, held) : Uni.createFrom().voidItem())
        .invoke(result -> observe(result, held.limits().orElse(pace.limits()), pace, rows))
        .call(() -> engine.workers.rest(migration, pace));
  }

  private static SnapshotSession.Found gone(SnapshotPages pages, SnapshotPages.Range range) {
    pages.forget(range.part());
    return SnapshotSession.Found.NOTHING;
  }

  private static BatchResult result(SnapshotSession.Found found, Run.Limits limits, Duration took) {
    return new BatchResult(
        BatchStatus.WORKED, found.rows(), 0, found.mismatched(), 0, took, limits);
  }

  /** Hands on what is held, and sees whether the run goes on: without limits it does not. */
  private Uni<Void> record(SnapshotAttempt begun, Unrecorded held) {
    return engine
        .store
        .record(run, begun.number(), held.take())
        .invoke(
            limits -> {
              held.limits(limits);
              if (limits.isEmpty()) {
                over = true;
              }
            })
        .replaceWithVoid();
  }

  /** The pace follows the pages: many may be empty, and a range of few rows is not a slow one. */
  private static void observe(BatchResult result, Run.Limits limits, Pace pace, int rows) {
    pace.observe(new BatchResult(result.status(), rows, 0, 0, 0, result.took(), limits), rows);
  }

  private Uni<BatchResult> end() {
    if (attempt.isEmpty() || over) {
      return none(BatchStatus.STOPPED);
    }
    return late
        ? fallBack("the snapshot is older than " + engine.limit)
        : engine
            .stream
            .close(
                migration,
                run,
                transaction -> {
                  SnapshotAttempt begun = attempt.get();
                  return SnapshotStore.complete(
                      transaction, migration, run, begun.number(), begun.exported().pages());
                })
            .chain(() -> none(BatchStatus.DONE));
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
        .chain(() -> none(BatchStatus.STOPPED));
  }

  /** Whoever is cancelled leaves the session to {@link #release}, also one that is being opened. */
  private Uni<SnapshotSession> open(Optional<String> snapshot) {
    Uni<SnapshotSession> session =
        engine.store.open(migration, snapshot, engine.limit).memoize().indefinitely();
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
        .last()
        .onTermination()
        .invoke(slot::release);
  }

  private Uni<BatchResult> none(BatchResult.BatchStatus status) {
    return Uni.createFrom().item(BatchResult.none(status, run.limits()));
  }
}
