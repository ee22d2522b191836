package io.zerodowntime.scenario;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Four writers and two readers, all the time, against all instances; each at a bounded rate. */
final class Traffic implements AutoCloseable {
  static final int WRITERS = 4;
  static final int READERS = 2;
  private static final Duration EVERY = Duration.ofMillis(10);

  private final Client client;
  private final Ledger ledger;
  private final Failures failures = new Failures();
  private final List<Thread> threads = new ArrayList<>();
  private final List<String> summary = new ArrayList<>();
  private Latencies stage;
  private volatile boolean stopping;

  Traffic(List<URI> instances, Ledger ledger) {
    this.client = new Client(instances);
    this.ledger = ledger;
  }

  /** Begins; what is measured belongs to this stage. */
  Traffic start(String name) {
    stage(name);
    for (int i = 0; i < WRITERS; i++) {
      run("writer-" + i, new Writer(i, client, ledger, failures));
    }
    for (int i = 0; i < READERS; i++) {
      run("reader-" + i, new Reader(i, client, ledger, failures));
    }
    return this;
  }

  private void run(String name, Turn turn) {
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

  /** A new line of the summary begins. */
  void stage(String name) {
    if (stage != null) {
      summary.add(stage.line());
    }
    stage = new Latencies(name);
    client.noteIn(stage);
  }

  /** What all writers and readers send with. */
  Client client() {
    return client;
  }

  Failures failures() {
    return failures;
  }

  /** A line for each stage, once the traffic has ended. */
  List<String> summary() {
    return List.copyOf(summary);
  }

  /** Lets every request in flight come to its end. */
  @Override
  public void close() throws InterruptedException {
    if (stopping) {
      return;
    }
    stopping = true;
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(60));
      if (thread.isAlive()) {
        failures.add(thread.getName() + " hangs");
      }
    }
    summary.add(stage.line());
  }

  /** One turn of one client. */
  interface Turn {
    void take() throws Exception;
  }
}
