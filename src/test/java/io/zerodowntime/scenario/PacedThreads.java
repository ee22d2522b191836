package io.zerodowntime.scenario;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Clients in threads of their own, all the time, each at a bounded rate. */
final class PacedThreads implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(10);

  private final Failures failures;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopping;

  /**
   * @param failures where whatever a turn throws is kept
   */
  PacedThreads(Failures failures) {
    this.failures = failures;
  }

  /** Starts a client. */
  void run(String name, Turn turn) {
    Thread thread = new Thread(() -> loop(turn), name);
    threads.add(thread);
    thread.start();
  }

  private void loop(Turn turn) {
    long next = System.nanoTime();
    while (!stopping) {
      try {
        turn.take();
      } catch (Exception | AssertionError e) {
        failures.add(Thread.currentThread().getName() + ": " + e);
      }
      next = Math.max(next + EVERY.toNanos(), System.nanoTime() - EVERY.toNanos());
      LockSupport.parkNanos(next - System.nanoTime());
    }
  }

  boolean isClosed() {
    return stopping;
  }

  /** Lets every turn come to its end. */
  @Override
  public void close() throws InterruptedException {
    stopping = true;
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(60));
      if (thread.isAlive()) {
        failures.add(thread.getName() + " hangs");
      }
    }
  }

  /** One turn of one client. */
  interface Turn {
    void take() throws Exception;
  }
}
