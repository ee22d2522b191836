package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.List;

/** Everything that went wrong, in order; the first ones in full. */
final class Failures {
  /** What a failure begins with that leaves open whether an un-keyed write was done. */
  static final String UNKNOWN = "outcome unknown: ";

  private static final int KEPT = 50;

  private final List<String> first = new ArrayList<>();
  private long count;

  synchronized void add(String failure) {
    count++;
    if (first.size() < KEPT) {
      first.add(failure);
    }
  }

  synchronized List<String> first() {
    return List.copyOf(first);
  }

  synchronized boolean none() {
    return count == 0;
  }
}
