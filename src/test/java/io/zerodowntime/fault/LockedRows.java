package io.zerodowntime.fault;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A stranger's transaction holds locks that clients wait for. */
final class LockedRows implements Fault {
  private static final int FIRST = 500;
  private static final String ONE = "SELECT FROM orders WHERE id = 500 FOR UPDATE";
  private static final String MANY = "SELECT FROM orders WHERE id >= 500 FOR UPDATE";
  private static final String TABLE = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
  private static final Duration HASTY = Duration.ofMillis(200);

  private final String name;
  private final String lock;
  private final int clients;
  private final int orders;
  private final boolean hasty;
  private Connection stranger;

  /**
   * @param lock what it executes
   * @param clients how many clients change the orders from {@link #FIRST} on
   * @param orders how many orders they change
   * @param hasty whether they close their connection and try again after 200 ms
   */
  private LockedRows(String name, String lock, int clients, int orders, boolean hasty) {
    this.name = name;
    this.lock = lock;
    this.clients = clients;
    this.orders = orders;
    this.hasty = hasty;
  }

  static Stream<Fault> all() {
    return Stream.of(
        new LockedRows("one row locked, 80 writers of it", ONE, 80, 1, false),
        new LockedRows("64 rows locked, a writer of each", MANY, 64, 64, false),
        new LockedRows("table locked", TABLE, 0, 0, false),
        new LockedRows("one row locked, 64 clients give up after 200 ms", ONE, 64, 1, true));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Set<Call> undisturbed() {
    return lock.equals(TABLE)
        ? EnumSet.of(Call.STATUS, Call.READINESS)
        : EnumSet.of(Call.CREATE, Call.READ, Call.LIST, Call.SHADOW, Call.STATUS, Call.READINESS);
  }

  @Override
  public Set<Call> ownCalls() {
    return clients == 0 ? Set.of() : Set.of(Call.LOCKED_UPDATE);
  }

  @Override
  public void start(Installation installation, Load load) throws Exception {
    stranger = installation.connect();
    stranger.setAutoCommit(false);
    try (Statement statement = stranger.createStatement()) {
      statement.execute(lock);
    }
    Duration timeout = hasty ? HASTY : load.limit();
    for (int i = 0; i < clients; i++) {
      load.client(List.of(Call.LOCKED_UPDATE), FIRST + i % orders, timeout);
    }
  }

  @Override
  public void stop(Installation installation) throws Exception {
    stranger.rollback();
    stranger.close();
  }
}
