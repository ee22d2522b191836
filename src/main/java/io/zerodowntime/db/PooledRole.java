package io.zerodowntime.db;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The settings that a role must have where a pooler shares its sessions: there this program can set
 * none, and every session takes those of the role.
 */
final class PooledRole {
  /** The settings of a session, in milliseconds where they are times. */
  static final String SETTINGS =
      """
      SELECT name, setting FROM pg_settings
      WHERE name IN ('default_transaction_isolation', 'statement_timeout', 'lock_timeout',
        'idle_in_transaction_session_timeout')
      ORDER BY name
      """;

  /** Each with what is proposed and the most, in milliseconds. */
  private static final List<Bound> BOUNDS =
      List.of(
          new Bound("statement_timeout", "5500ms", 60_000),
          new Bound("lock_timeout", "1s", 5_000),
          new Bound("idle_in_transaction_session_timeout", "30s", 60_000));

  private PooledRole() {}

  private record Bound(String name, String proposed, long most) {
    boolean holds(String setting) {
      long millis = Long.parseLong(setting);
      return millis > 0 && millis <= most;
    }
  }

  /**
   * Finds out why a session cannot be used.
   *
   * @param settings the rows of {@link #SETTINGS}
   * @return empty if it can; else what is wrong, and the settings to give to the role
   */
  static Optional<String> refuse(Map<String, String> settings) {
    List<String> missing = new ArrayList<>();
    // by it no writer is missed: each statement takes its snapshot behind its lock
    if (!"read committed".equals(settings.get("default_transaction_isolation"))) {
      missing.add("default_transaction_isolation = 'read committed'");
    }
    BOUNDS.stream()
        .filter(bound -> !bound.holds(settings.getOrDefault(bound.name(), "0")))
        .forEach(bound -> missing.add(bound.name() + " = '" + bound.proposed() + "'"));
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "in transaction mode a pooler gives each session the settings of its role, which lacks "
                + String.join(", ", missing)
                + ": ALTER ROLE ... SET each of them, and let the pooler connect anew");
  }
}
