package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets writes share a statement, and so a round trip and a commit. A write that finds a free lane
 * goes at once, alone or with what arrives in the same instant; what arrives while all lanes are
 * taken waits for the next statement and goes with everything else that waits. So groups grow with
 * the load, and no write waits for a timer.
 *
 * <p>A group that fails is taken apart: each of its writes is sent once more, alone, and gets its
 * own result. So a bad write costs its neighbours one repetition and never their success. Only
 * where it is unknown whether the group was done each of them fails so, and its sender decides.
 *
 * <p>Two writes with the same conflict key are never in flight at once, so a key that another
 * client holds keeps one statement waiting and not a lane for each repetition.
 *
 * @param <W> a write
 * @param <R> its result
 */
public final class StatementBatcher<W, R> {
  private final Writes<W, R> writes;
  private final Bounds bounds;
  private final Supplier<? extends RuntimeException> whenExpired;
  private final LongSupplier nanoTime;
  private final Deque<Waiting<W, R>> queue = new ArrayDeque<>();
  private final Set<Object> conflictKeysInFlight = new HashSet<>();
  private int taken;

  /**
   * @param whenExpired makes the failure of what waited too long and was not sent
   * @param nanoTime a clock like {@link System#nanoTime()}
   */
  public StatementBatcher(
      Writes<W, R> writes,
      Bounds bounds,
      Supplier<? extends RuntimeException> whenExpired,
      LongSupplier nanoTime) {
    this.whenExpired = whenExpired;
    this.writes = writes;
    this.bounds = bounds;
    this.nanoTime = nanoTime;
  }

  /**
   * Does a write, alone or with others.
   *
   * @return its own result; fails with what its own statement failed with, or with what {@code
   *     whenExpired} makes if it waited too long and was not sent at all
   */
  public Uni<R> write(W write) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                accept(
                    new Waiting<>(
                        write,
                        emitter,
                        nanoTime.getAsLong(),
                        RequestDeadline.current(),
                        Vertx.currentContext())));
  }

  private void accept(Waiting<W, R> arrived) {
    synchronized (this) {
      queue.add(arrived);
    }
    dispatch();
  }

  private void dispatch() {
    for (List<Waiting<W, R>> group = next(); !group.isEmpty(); group = next()) {
      send(group);
    }
  }

  /** Takes a lane and the writes for it; none if there is no free lane or nothing waits. */
  private synchronized List<Waiting<W, R>> next() {
    List<Waiting<W, R>> group = taken < bounds.lanes() ? takeGroup() : List.of();
    taken += group.isEmpty() ? 0 : 1;
    return group;
  }

  private List<Waiting<W, R>> takeGroup() {
    List<Waiting<W, R>> group = new ArrayList<>();
    int bytes = 0;
    Iterator<Waiting<W, R>> each = queue.iterator();
    while (each.hasNext() && group.size() < bounds.writes()) {
      Waiting<W, R> waiting = each.next();
      int size = writes.bytes(waiting.write());
      if (!group.isEmpty() && bytes + size > bounds.bytes()) {
        break;
      }
      if (fits(waiting.write(), group)) {
        group.add(waiting);
        bytes += size;
        each.remove();
      }
    }
    return group;
  }

  private boolean fits(W write, List<Waiting<W, R>> group) {
    boolean sameBatchKey =
        group.isEmpty() || writes.batchKey(group.get(0).write()).equals(writes.batchKey(write));
    @Nullable Object conflictKey = writes.conflictKey(write);
    return sameBatchKey && (conflictKey == null || conflictKeysInFlight.add(conflictKey));
  }

  private void send(List<Waiting<W, R>> group) {
    if (group.size() == 1) {
      sendOne(group.get(0), 1);
      return;
    }
    List<W> batch = group.stream().map(Waiting::write).toList();
    Uni.createFrom()
        .deferred(() -> writes.sendBatch(batch, requests(group)))
        .invoke(results -> requireOneEach(group, results))
        .subscribe()
        .with(results -> answer(group, results), failure -> retryIndividually(group, failure));
  }

  private static <W, R> WriteRequests requests(List<Waiting<W, R>> group) {
    return new WriteRequests(
        group.stream().map(Waiting::request).flatMap(Optional::stream).toList());
  }

  private void requireOneEach(List<Waiting<W, R>> group, List<R> results) {
    if (results.size() != group.size()) {
      throw new IllegalStateException(
          "%d writes brought %d results".formatted(group.size(), results.size()));
    }
  }

  private void answer(List<Waiting<W, R>> group, List<R> results) {
    releaseLane(group, 1);
    for (int each = 0; each < group.size(); each++) {
      group.get(each).complete(results.get(each));
    }
  }

  private void retryIndividually(List<Waiting<W, R>> group, Throwable failure) {
    if (FailureKind.of(failure) == FailureKind.UNKNOWN) {
      releaseLane(group, 1);
      group.forEach(each -> each.fail(failure));
    } else {
      releaseLane(List.of(), 1);
      group.forEach(each -> sendOne(each, 0));
    }
  }

  private void sendOne(Waiting<W, R> one, int lanes) {
    List<Waiting<W, R>> group = List.of(one);
    Uni.createFrom()
        .deferred(() -> writes.sendOne(one.write(), requests(group)))
        .onTermination()
        .invoke(() -> releaseLane(group, lanes))
        .subscribe()
        .with(one::complete, one::fail);
  }

  /** Frees the identities of these writes, and so many lanes. */
  private void releaseLane(List<Waiting<W, R>> group, int lanes) {
    synchronized (this) {
      taken -= lanes;
      for (Waiting<W, R> each : group) {
        @Nullable Object conflictKey = writes.conflictKey(each.write());
        if (conflictKey != null) {
          conflictKeysInFlight.remove(conflictKey);
        }
      }
    }
    dispatch();
  }

  /** How many writes wait for a lane. */
  public synchronized int waiting() {
    return queue.size();
  }

  /** Gives up on what has waited longer than the deadline; to be called now and then. */
  public void expire() {
    expired().forEach(each -> each.fail(whenExpired.get()));
  }

  private synchronized List<Waiting<W, R>> expired() {
    long oldest = nanoTime.getAsLong() - bounds.deadline().toNanos();
    List<Waiting<W, R>> expired = new ArrayList<>();
    while (!queue.isEmpty() && queue.peek().since() - oldest < 0) {
      expired.add(queue.poll());
    }
    return expired;
  }

  /**
   * @param lanes how many statements are in flight at once, at least 1
   * @param writes how many writes share a statement at most
   * @param bytes how large their parameters are together at most; one write always goes
   * @param deadline how long a write waits to be sent
   */
  public record Bounds(int lanes, int writes, int bytes, Duration deadline) {}

  /** What there is to know of the writes, and how they are done. */
  public interface Writes<W, R> {

    /** Only writes of the same kind go together. */
    Object batchKey(W write);

    /** Two writes with the same conflict key are never in flight at once; null if it has none. */
    @Nullable Object conflictKey(W write);

    /** About how many bytes the write's parameters take. */
    int bytes(W write);

    /**
     * Does one write.
     *
     * @param requests to be told when the write is sent
     */
    Uni<R> sendOne(W write, WriteRequests requests);

    /** Does at least two writes, all or none; gives back their results in the same order. */
    Uni<List<R>> sendBatch(List<W> writes, WriteRequests requests);
  }

  private record Waiting<W, R>(
      W write,
      UniEmitter<? super R> emitter,
      long since,
      Optional<RequestDeadline> request,
      @Nullable Context context) {

    void complete(R result) {
      if (result == null) {
        resume(() -> emitter.complete(null));
      } else {
        emitter.complete(result);
      }
    }

    void fail(Throwable failure) {
      resume(() -> emitter.fail(failure));
    }

    /** Who has something left to do does it in its own context, where its deadline is. */
    private void resume(Runnable end) {
      if (context == null || context == Vertx.currentContext()) {
        end.run();
      } else {
        context.runOnContext(here -> end.run());
      }
    }
  }
}
