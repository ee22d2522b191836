package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.List;

/** Everything that went wrong, in order; the first ones in full. */
final class Failures {
  private static final int KEPT = 50;

  private final List<String> first = new ArrayList<>();
  private final List<String> unknown = new ArrayList<>();

  synchronized void add(String failure) {
    if (first.size() < KEPT) {
      first.add(failure);
    }
  }

  /** An un-keyed write was answered that its outcome is unknown. */
  synchronized void addUnknown(String failure) {
    unknown.add(failure);
  }

  synchronized List<String> first() {
    return List.copyOf(first);
  }

  synchronized List<String> unknown() {
    return List.copyOf(unknown);
  }

  synchronized boolean none() {
    return first.isEmpty() && unknown.isEmpty();
  }
}
