package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Creates rows by a writer, changes and reads its own, and keeps in a ledger what is acknowledged.
 */
final class WriterTraffic implements PacedThreads.Turn {
  private static final List<String> STATUSES =
      List.of("pending", "paid", "shipped", "delivered", "cancelled");

  private final WriterProcess writer;
  private final RowLedger ledger;
  private final List<String> own;
  private final Random random;
  private final AtomicLong writes = new AtomicLong();

  /**
   * @param own the keys of the rows that no other writer changes
   */
  WriterTraffic(WriterProcess writer, RowLedger ledger, List<String> own, Random random) {
    this.writer = writer;
    this.ledger = ledger;
    this.own = new ArrayList<>(own);
    this.random = random;
  }

  @Override
  public void take() throws Exception {
    int dice = random.nextInt(100);
    if (dice < 20) {
      create();
    } else if (dice < 70) {
      change();
    } else {
      read();
    }
  }

  private void create() throws Exception {
    String status = status();
    String key = acknowledged(writer.ask("create", status));
    ledger.created(List.of(key), List.of(status));
    own.add(key);
    writes.incrementAndGet();
  }

  private void change() throws Exception {
    String key = ownKey();
    String status = status();
    acknowledged(writer.ask("change", key, status));
    ledger.changed(List.of(key), List.of(status));
    writes.incrementAndGet();
  }

  private void read() throws Exception {
    String key = ownKey();
    String found = acknowledged(writer.ask("read", key));
    String expected = ledger.expected(List.of(key)).get(0);
    if (!found.equals(expected)) {
      throw new AssertionError("%s shows %s, expected %s".formatted(key, found, expected));
    }
  }

  private static String acknowledged(String answer) {
    if (!answer.startsWith("ok ")) {
      throw new AssertionError(answer);
    }
    return answer.substring(3);
  }

  private String ownKey() {
    return own.get(random.nextInt(own.size()));
  }

  private String status() {
    return STATUSES.get(random.nextInt(STATUSES.size()));
  }

  long writes() {
    return writes.get();
  }

  String summary() {
    return writer.name() + " " + writes;
  }
}
