package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What every row of a table must hold in its new columns: what was there before, and each write
 * that was acknowledged since. Each row has one writer.
 */
final class RowLedger {
  private static final int SHOWN = 20;

  private final Map<List<String>, List<String>> rows;
  private final List<List<String>> keys;
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();

  /**
   * @param before the new values of the rows that are there already, by key
   */
  RowLedger(Map<List<String>, List<String>> before) {
    this.rows = new ConcurrentHashMap<>(before);
    this.keys = new ArrayList<>(before.keySet());
  }

  /** The key of a row that is there, for a number from 0 up to, but without, 1. */
  List<String> anyKey(double fraction) {
    synchronized (keys) {
      return keys.get((int) (fraction * keys.size()));
    }
  }

  List<List<String>> keys() {
    return List.copyOf(rows.keySet());
  }

  List<String> expected(List<String> key) {
    return Objects.requireNonNull(rows.get(key));
  }

  void created(List<String> key, List<String> values) {
    if (rows.putIfAbsent(key, values) != null) {
      throw new AssertionError(key + " was created twice");
    }
    synchronized (keys) {
      keys.add(key);
    }
    writes.incrementAndGet();
  }

  void changed(List<String> key, List<String> values) {
    rows.put(key, values);
    writes.incrementAndGet();
  }

  /** A write, with all of its attempts, lasted so long. */
  void took(long nanos) {
    longestNanos.accumulateAndGet(nanos, Math::max);
  }

  long longestMillis() {
    return longestNanos.get() / 1_000_000;
  }

  long acknowledgedWrites() {
    return writes.get();
  }

  int size() {
    return rows.size();
  }

  /** What is wrong about the table, at most some of it; empty if all is as acknowledged. */
  List<String> compare(Map<List<String>, List<String>> table) {
    List<String> wrong = new ArrayList<>();
    rows.forEach(
        (key, values) -> {
          if (!values.equals(table.get(key))) {
            wrong.add("%s has %s, expected %s".formatted(key, table.get(key), values));
          }
        });
    table.keySet().stream()
        .filter(key -> !rows.containsKey(key))
        .forEach(key -> wrong.add(key + " was created by no acknowledged write"));
    return wrong.subList(0, Math.min(SHOWN, wrong.size()));
  }
}
