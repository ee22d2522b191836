package io.zerodowntime.migration.phase;

import io.zerodowntime.migration.phase.InvoiceStore.Invoice;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.Timeouts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * Writers with a ledger of every acknowledged write. Each invoice has one writer, which reads it
 * back after every write: it must be given what was acknowledged last.
 */
final class InvoiceLoad implements AutoCloseable {
  private static final int WRITERS = 3;
  private static final List<String> STATUSES = List.of("draft", "sent", "paid", "late", "void");

  private final InvoiceStore store;
  private final Map<Long, Invoice> ledger;
  private final Queue<String> complaints = new ConcurrentLinkedQueue<>();
  private final AtomicLongArray writes = new AtomicLongArray(WRITERS);
  private final ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
  private volatile boolean ended;

  /**
   * @param legacy what is there already, by ids from 1; the ledger from then on
   */
  InvoiceLoad(InvoiceStore store, Map<Long, Invoice> legacy) {
    this.store = store;
    this.ledger = new ConcurrentHashMap<>(legacy);
  }

  void start() {
    int legacy = ledger.size();
    IntStream.range(0, WRITERS).forEach(n -> threads.execute(() -> write(n, legacy)));
  }

  private void write(int writer, int legacy) {
    Random random = new Random(writer);
    List<Long> own = new ArrayList<>();
    IntStream.rangeClosed(1, legacy)
        .filter(id -> id % WRITERS == writer)
        .forEach(id -> own.add((long) id));
    while (!ended) {
      try {
        turn(random, own, 1_000_000L * (writer + 1) + own.size());
        writes.incrementAndGet(writer);
      } catch (RuntimeException failed) {
        complaints.add("writer " + writer + ": " + failed);
      }
    }
  }

  private void turn(Random random, List<Long> own, long next) {
    Invoice invoice =
        new Invoice(STATUSES.get(random.nextInt(STATUSES.size())), random.nextInt(1_000_000));
    long id = random.nextInt(3) == 0 ? next : own.get(random.nextInt(own.size()));
    boolean written;
    if (id == next) {
      written = Engine.await(store.create(id, invoice));
      own.add(id);
    } else if (random.nextBoolean()) {
      written = Engine.await(store.change(id, invoice));
    } else {
      invoice = new Invoice(invoice.status(), ledger.get(id).cents());
      written = Engine.await(store.changeStatus(id, invoice.status()));
    }
    ledger.put(id, invoice);
    Optional<Invoice> found = Engine.await(store.find(id));
    if (!written || !found.equals(Optional.of(invoice))) {
      complaints.add("%d: %s was written (%b), %s is read".formatted(id, invoice, written, found));
    }
  }

  /** Returns when each writer has made so many more writes. */
  void awaitWrites(int count) {
    long[] before = IntStream.range(0, WRITERS).mapToLong(writes::get).toArray();
    Timeouts.await()
        .until(() -> IntStream.range(0, WRITERS).allMatch(n -> writes.get(n) - before[n] >= count));
  }

  List<String> complaints() {
    return List.copyOf(complaints);
  }

  /** What was acknowledged last for each invoice; of use after the end. */
  Map<Long, Invoice> ledger() {
    return ledger;
  }

  /** Waits for the writes in flight. */
  @Override
  public void close() throws InterruptedException {
    ended = true;
    threads.shutdown();
    if (!threads.awaitTermination(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("a writer does not end");
    }
  }
}
