package io.zerodowntime.fault;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What clients were told about their writes, and so what the table must hold: an order that was
 * acknowledged exactly once, one whose outcome is unknown at most once, one that was refused not at
 * all. An order that was changed has the status acknowledged last, or one of unknown outcome.
 */
final class WriteLedger {
  /** Users below are not this suite's. */
  static final long FIRST_USER = 1_000_000;

  private static final String CREATED =
      "SELECT user_id, count(*) FROM orders WHERE user_id >= " + FIRST_USER + " GROUP BY user_id";
  private static final String CHANGED =
      "SELECT id, lower(old_status), status FROM orders WHERE status ~ '^s[0-9]+$'";
  private static final int KEPT = 20;

  private final Map<Long, Fate> created = new HashMap<>();
  private final Map<Long, Changes> changed = new HashMap<>();
  private long acknowledged;

  /** To be called after the answer of each request. */
  synchronized void note(Request request, HttpAnswer answer) {
    if (answer.good() && (request.creates() || request.changes())) {
      acknowledged++;
    }
    if (request.creates()) {
      created.merge(request.subject(), fate(request, answer), Fate::later);
    } else if (request.changes()) {
      Changes changes = changed.computeIfAbsent(request.subject(), id -> new Changes());
      changes.note(request.status(), fate(request, answer), request.call());
    }
  }

  private static Fate fate(Request request, HttpAnswer answer) {
    if (answer.good()) {
      return Fate.DONE;
    }
    // a keyed write may be sent again: its 503 does not say whether it was done
    return request.key() != null || answer.outcomeUnknown() ? Fate.UNKNOWN : Fate.REFUSED;
  }

  synchronized long acknowledged() {
    return acknowledged;
  }

  /** What is wrong, at most some of it; empty if all is right. */
  synchronized List<String> complaints(Connection connection) throws SQLException {
    List<String> wrong = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      Map<Long, Long> orders = new HashMap<>();
      try (ResultSet row = statement.executeQuery(CREATED)) {
        while (row.next()) {
          orders.put(row.getLong(1), row.getLong(2));
        }
      }
      created.forEach((user, fate) -> fate.judge(user, orders.getOrDefault(user, 0L), wrong));
      orders.keySet().removeAll(created.keySet());
      orders.keySet().forEach(user -> wrong.add("no client created an order of user " + user));
      Map<Long, String> values = values(statement, wrong);
      changed.forEach((id, changes) -> changes.judge(id, values.get(id), wrong));
    }
    return wrong.stream().limit(KEPT).toList();
  }

  private static Map<Long, String> values(Statement statement, List<String> wrong)
      throws SQLException {
    Map<Long, String> values = new HashMap<>();
    try (ResultSet row = statement.executeQuery(CHANGED)) {
      while (row.next()) {
        values.put(row.getLong(1), row.getString(3));
        if (!row.getString(3).equals(row.getString(2))) {
          wrong.add("order %d: old %s".formatted(row.getLong(1), row.getString(2)));
        }
      }
    }
    return values;
  }

  private enum Fate {
    REFUSED(0, 0),
    UNKNOWN(0, 1),
    DONE(1, 1);

    private final long least;
    private final long most;

    Fate(long least, long most) {
      this.least = least;
      this.most = most;
    }

    private Fate later(Fate other) {
      return compareTo(other) > 0 ? this : other;
    }

    private void judge(long user, long orders, List<String> wrong) {
      if (orders < least || orders > most) {
        wrong.add("%d orders of user %d, whose creation was %s".formatted(orders, user, this));
      }
    }
  }

  /** Of one order. */
  private static final class Changes {
    private final Set<String> possible = new HashSet<>();
    private String last;
    private boolean done;

    // many clients change the locked row at once, so any of them may have been the last
    private void note(String status, Fate fate, Call call) {
      done |= fate == Fate.DONE;
      if (fate == Fate.DONE && call != Call.LOCKED_UPDATE) {
        possible.remove(last);
        last = status;
      }
      if (fate != Fate.REFUSED) {
        possible.add(status);
      }
    }

    private void judge(long id, String value, List<String> wrong) {
      boolean untouched = value == null && !done;
      if (!untouched && !possible.contains(value)) {
        wrong.add("order %d has %s, acknowledged last was %s".formatted(id, value, last));
      }
    }
  }
}
