package io.zerodowntime.scenario;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;

/**
 * What clients were told, and so what every later read must show. Each order has one writer at a
 * time. Moments are ticks of a clock of its own: a write is asked for at one tick and acknowledged
 * at a later one, a read lasts from one tick to another. A read is right if it shows the value last
 * acknowledged before it began, or one that was asked for since then and before it ended.
 */
final class Ledger {
  private final AtomicLong clock = new AtomicLong();
  private final NavigableMap<Long, History> written = new ConcurrentSkipListMap<>();
  private final List<Long> created = new ArrayList<>();
  private final Queue<Seen> unknown = new ConcurrentLinkedQueue<>();
  private final AtomicLong uncertain = new AtomicLong();
  private final long legacyOrders;
  private final LongFunction<String> legacyStatus;

  /**
   * @param legacyOrders orders with the ids 1 to this one that were there before
   * @param legacyStatus what the API shows of each
   */
  Ledger(long legacyOrders, LongFunction<String> legacyStatus) {
    this.legacyOrders = legacyOrders;
    this.legacyStatus = legacyStatus;
  }

  long now() {
    return clock.incrementAndGet();
  }

  long legacyOrders() {
    return legacyOrders;
  }

  /** An order was created: asked for at {@code asked}, acknowledged now. */
  void created(long id, long userId, String status, long asked) {
    History history = new History(userId);
    history.add(new Version(status, asked)).acknowledge(now());
    if (id <= legacyOrders || written.putIfAbsent(id, history) != null) {
      throw new AssertionError("order " + id + " was created twice");
    }
    synchronized (created) {
      created.add(id);
    }
  }

  /** An order may have been created or not. */
  void uncertainCreation() {
    uncertain.incrementAndGet();
  }

  /** A new value is asked for; to be acknowledged when it is answered. */
  Version asks(long id, String status) {
    return written.computeIfAbsent(id, this::legacy).add(new Version(status, now()));
  }

  void acknowledges(Version version) {
    version.acknowledge(now());
  }

  /** A new value was asked for, and is certain not to be there. */
  void refused(long id, Version version) {
    written.get(id).remove(version);
  }

  /** A created order, for a number from 0 up to, but without, 1; 0 if there is none yet. */
  long anyCreated(double fraction) {
    synchronized (created) {
      return created.isEmpty() ? 0 : created.get((int) (fraction * created.size()));
    }
  }

  /** What is wrong about a read of one order; empty if nothing is, or it cannot be told yet. */
  Optional<String> complaint(Seen seen) {
    if (seen.id() > legacyOrders && !written.containsKey(seen.id())) {
      unknown.add(seen);
      return Optional.empty();
    }
    List<String> allowed = allowed(seen.id(), seen.from(), seen.to());
    return allowed.contains(seen.status())
        ? Optional.empty()
        : Optional.of("%s, expected one of %s".formatted(seen, allowed));
  }

  /** What is wrong about the orders that were seen before their creation was acknowledged. */
  List<String> complaintsAboutUnknown() {
    long known = uncertain.get();
    List<String> wrong = new ArrayList<>();
    for (Seen seen : unknown) {
      if (written.containsKey(seen.id())) {
        complaint(seen).ifPresent(wrong::add);
      } else if (known == 0) {
        wrong.add(seen + ", which no client created");
      }
    }
    return wrong;
  }

  /** The values that a read within these ticks may show; none if the order need not be there. */
  List<String> allowed(long id, long from, long to) {
    History history = written.get(id);
    if (history != null) {
      return history.allowed(from, to);
    }
    boolean legacy = id >= 1 && id <= legacyOrders;
    // a list that can be asked for null
    return legacy ? Collections.singletonList(legacyStatus.apply(id)) : new ArrayList<>();
  }

  /** Orders that a list of this status within these ticks cannot leave out. */
  List<Long> certain(String status, long after, long last, long from, long to) {
    List<Long> ids = new ArrayList<>();
    for (long id = after + 1; id <= Math.min(last, legacyOrders); id++) {
      addIfCertain(ids, id, status, from, to);
    }
    long first = Math.max(after, legacyOrders);
    if (first < last) {
      written
          .subMap(first, false, last, true)
          .keySet()
          .forEach(id -> addIfCertain(ids, id, status, from, to));
    }
    return ids;
  }

  private void addIfCertain(List<Long> ids, long id, String status, long from, long to) {
    if (isOld(id, from) && allowed(id, from, to).stream().allMatch(status::equals)) {
      ids.add(id);
    }
  }

  /** Orders of a user that a list begun at {@code from} cannot leave out, above {@code after}. */
  List<Long> certainOf(long userId, long after, long last, long from) {
    return written.subMap(after, false, last, true).entrySet().stream()
        .filter(entry -> entry.getValue().userId == userId && isOld(entry.getKey(), from))
        .map(Map.Entry::getKey)
        .toList();
  }

  private boolean isOld(long id, long from) {
    History history = written.get(id);
    return history == null ? id <= legacyOrders : history.existedAt(from);
  }

  long createdOrders() {
    synchronized (created) {
      return created.size();
    }
  }

  long uncertainCreations() {
    return uncertain.get();
  }

  long acknowledgedWrites() {
    return written.values().stream().mapToLong(History::acknowledged).sum();
  }

  private History legacy(long id) {
    History history = new History(0);
    history.add(new Version(legacyStatus.apply(id), 0)).acknowledge(0);
    return history;
  }

  /** What a read that lasted from one tick to another showed of one order. */
  record Seen(long id, String status, long from, long to, String where) {}

  /** One value of one order. */
  static final class Version {
    private static final long NEVER = Long.MAX_VALUE;

    private final String status;
    private final long asked;
    private volatile long acknowledged = NEVER;

    Version(String status, long asked) {
      this.status = status;
      this.asked = asked;
    }

    private void acknowledge(long at) {
      acknowledged = at;
    }
  }

  private static final class History {
    private final long userId;
    private final List<Version> versions = new ArrayList<>(2);

    History(long userId) {
      this.userId = userId;
    }

    synchronized Version add(Version version) {
      versions.add(version);
      return version;
    }

    synchronized void remove(Version version) {
      versions.remove(version);
    }

    synchronized List<String> allowed(long from, long to) {
      List<String> values = new ArrayList<>();
      for (Version version : versions) {
        if (version.acknowledged <= from) {
          values.clear();
        }
        if (version.asked <= to) {
          values.add(version.status);
        }
      }
      return values;
    }

    synchronized boolean existedAt(long tick) {
      return versions.get(0).acknowledged <= tick;
    }

    synchronized long acknowledged() {
      return versions.stream().filter(v -> v.asked > 0 && v.acknowledged != Version.NEVER).count();
    }
  }
}
