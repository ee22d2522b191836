package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.List;

/** Everything that went wrong, in order; the first ones in full. */
final class Failures {
  private static final int KEPT = 50;

  private final List<String> first = new ArrayList<>();
  private final List<String> broken = new ArrayList<>();

  synchronized void add(String failure) {
    if (first.size() < KEPT) {
      first.add(failure);
    }
  }

  /**
   * A connection broke under a write: without a key its outcome is unknown, and with one the
   * service has sent it again and found it done.
   */
  synchronized void addBroken(String failure) {
    broken.add(failure);
  }

  synchronized List<String> first() {
    return List.copyOf(first);
  }

  synchronized List<String> broken() {
    return List.copyOf(broken);
  }

  synchronized boolean none() {
    return first.isEmpty() && broken.isEmpty();
  }
}
