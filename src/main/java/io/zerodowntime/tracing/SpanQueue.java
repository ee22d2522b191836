package io.zerodowntime.tracing;

import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Finished spans on their way to the receiver. Nothing waits for it: a span that finds the queue
 * full is dropped and counted, one batch is sent at a time, and a batch that fails is dropped and
 * counted, not sent again.
 */
final class SpanQueue implements SpanProcessor {
  private static final Logger LOG = Logger.getLogger(SpanQueue.class);

  /** How long a shutdown waits for what is left to be sent. */
  static final Duration LAST_SEND = Duration.ofSeconds(2);

  private final Function<List<SpanData>, Future<Void>> sender;
  private final Bounds bounds;
  private final Queue<SpanData> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicBoolean sending = new AtomicBoolean();
  private final AtomicBoolean failing = new AtomicBoolean();
  private final AtomicLong nextAttempt = new AtomicLong(System.nanoTime());
  private final LongAdder exported = new LongAdder();
  private final LongAdder full = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private volatile Runnable stopTimer = () -> {};

  SpanQueue(Function<List<SpanData>, Future<Void>> sender, Bounds bounds) {
    this.sender = sender;
    this.bounds = bounds;
  }

  /**
   * What the queue may take.
   *
   * @param waiting how many spans wait at most
   * @param batch how many are sent at once at most
   * @param interval how long a span waits for others
   * @param pause how long nothing is sent after a failure
   */
  record Bounds(int waiting, int batch, Duration interval, Duration pause) {
    static final Bounds USUAL = new Bounds(2048, 512, Duration.ofSeconds(1), Duration.ofSeconds(5));
  }

  void start(Vertx vertx) {
    long timer = vertx.setPeriodic(bounds.interval().toMillis(), tick -> send());
    stopTimer = () -> vertx.cancelTimer(timer);
  }

  @Override
  public void onStart(Context parent, ReadWriteSpan span) {}

  @Override
  public boolean isStartRequired() {
    return false;
  }

  @Override
  public void onEnd(ReadableSpan span) {
    if (!span.getSpanContext().isSampled()) {
      return;
    }
    int before = size.getAndIncrement();
    if (before >= bounds.waiting()) {
      size.decrementAndGet();
      full.increment();
      return;
    }
    waiting.add(span.toSpanData());
    if (before + 1 >= bounds.batch()) {
      send();
    }
  }

  @Override
  public boolean isEndRequired() {
    return true;
  }

  /** Sends a batch, unless one is being sent, none waits, or the last one failed just now. */
  private void send() {
    if (System.nanoTime() - nextAttempt.get() >= 0 && sending.compareAndSet(false, true)) {
      List<SpanData> batch = take();
      if (batch.isEmpty()) {
        sending.set(false);
      } else {
        sender
            .apply(batch)
            .onSuccess(done -> sent(batch.size()))
            .onFailure(failure -> lost(batch.size(), failure));
      }
    }
  }

  private List<SpanData> take() {
    List<SpanData> batch = new ArrayList<>();
    for (SpanData next = waiting.poll(); next != null; next = waiting.poll()) {
      batch.add(next);
      if (batch.size() == bounds.batch()) {
        break;
      }
    }
    size.addAndGet(-batch.size());
    return batch;
  }

  private void sent(int spans) {
    exported.add(spans);
    sending.set(false);
    if (failing.compareAndSet(true, false)) {
      LOG.info("the receiver of traces takes spans again");
    }
    if (size.get() >= bounds.batch()) {
      send();
    }
  }

  private void lost(int spans, Throwable failure) {
    failed.add(spans);
    nextAttempt.set(System.nanoTime() + bounds.pause().toNanos());
    sending.set(false);
    if (failing.compareAndSet(false, true)) {
      LOG.warnf(
          "the receiver of traces takes no spans, they are dropped until it does: %s",
          failure.getMessage());
    }
  }

  /**
   * Sends what waits and drops what was not sent in time. Blocks for {@link #LAST_SEND} at most.
   */
  void finish() {
    stopTimer.run();
    long end = System.nanoTime() + LAST_SEND.toNanos();
    try {
      while (size.get() > 0 || sending.get()) {
        long left = end - System.nanoTime();
        if (left <= 0 || failing.get()) {
          break;
        }
        send();
        TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(10)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    failed.add(size.get());
  }

  /** How many spans the receiver has taken. */
  long exported() {
    return exported.sum();
  }

  /** How many spans were dropped because too many waited. */
  long droppedAsFull() {
    return full.sum();
  }

  /** How many spans were dropped because the receiver did not take them. */
  long droppedAsFailed() {
    return failed.sum();
  }
}
