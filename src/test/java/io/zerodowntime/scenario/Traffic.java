package io.zerodowntime.scenario;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** Four writers and two readers, all the time, against all instances; each at a bounded rate. */
final class Traffic implements AutoCloseable {
  static final int WRITERS = 4;
  static final int READERS = 2;

  private final Client client;
  private final Ledger ledger;
  private final Failures failures = new Failures();
  private final PacedThreads threads = new PacedThreads(failures);
  private final List<String> summary = new ArrayList<>();
  private Latencies stage;

  Traffic(List<URI> instances, Ledger ledger) {
    this.client = new Client(instances);
    this.ledger = ledger;
  }

  /** Begins; what is measured belongs to this stage. */
  Traffic start(String name) {
    stage(name);
    for (int i = 0; i < WRITERS; i++) {
      threads.run("writer-" + i, new Writer(i, client, ledger, failures));
    }
    for (int i = 0; i < READERS; i++) {
      threads.run("reader-" + i, new Reader(i, client, ledger, failures));
    }
    return this;
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
    if (!threads.isClosed()) {
      threads.close();
      summary.add(stage.line());
    }
  }
}
