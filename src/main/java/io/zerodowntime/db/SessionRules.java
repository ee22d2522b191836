package io.zerodowntime.db;

import io.vertx.core.Future;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.SqlConnection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a session comes under the settings of this program, and what a new one is looked at for. A
 * server takes settings with the login. A pooler refuses them there, or is told to ignore them: in
 * session mode they are set behind the login, in transaction mode the role has them.
 */
final class SessionRules {
  /** What every pooler takes with the login and keeps apart for each client. */
  private static final Map<String, String> TAKEN_BY_POOLERS =
      Map.of("application_name", "", "client_encoding", "", "DateStyle", "");

  /** The driver's own; since PostgreSQL 12 the default shows as much. */
  private static final String DIGITS = "extra_float_digits";

  private final Pooling pooling;
  private final @Nullable PrimaryLine line;

  /**
   * @param line looks at each new connection; null where nothing is looked at
   */
  SessionRules(Pooling pooling, @Nullable PrimaryLine line) {
    this.pooling = pooling;
    this.line = line;
  }

  /** The settings that go with the login. */
  PgConnectOptions startup(PgConnectOptions options) {
    if (pooling == Pooling.NONE) {
      return options;
    }
    Map<String, String> taken = new HashMap<>(options.getProperties());
    taken.keySet().retainAll(TAKEN_BY_POOLERS.keySet());
    return new PgConnectOptions(options)
        .setProperties(taken)
        // the next transaction may find another session, in which nothing was prepared
        .setUseLayer7Proxy(pooling == Pooling.TRANSACTION)
        .setCachePreparedStatements(
            options.getCachePreparedStatements() && pooling == Pooling.SESSION);
  }

  /**
   * Puts a new session under the rules, and looks at it.
   *
   * @param target which host may be used; null for whatever it is
   * @return fails if the session cannot be used
   */
  Future<Void> apply(
      SqlConnection connection,
      PgConnectOptions options,
      String place,
      @Nullable TargetSession target) {
    Future<Void> ruled =
        switch (pooling) {
          case NONE -> Future.succeededFuture();
          case SESSION -> connection.query(set(options.getProperties())).execute().mapEmpty();
          case TRANSACTION ->
              connection
                  .query(PooledRole.SETTINGS)
                  .execute()
                  .compose(rows -> judge(PooledRole.refuse(settings(rows)), place));
        };
    return line == null || target == null
        ? ruled
        : ruled.compose(done -> line.check(connection, place, target));
  }

  private static Map<String, String> settings(Iterable<io.vertx.sqlclient.Row> rows) {
    Map<String, String> settings = new TreeMap<>();
    rows.forEach(row -> settings.put(row.getString("name"), row.getString("setting")));
    return settings;
  }

  private static Future<Void> judge(Optional<String> problem, String place) {
    return problem
        .<Future<Void>>map(
            reason -> Future.failedFuture(new IllegalStateException(place + ": " + reason)))
        .orElseGet(Future::succeededFuture);
  }

  private static String set(Map<String, String> properties) {
    return properties.entrySet().stream()
        .filter(each -> !TAKEN_BY_POOLERS.containsKey(each.getKey()))
        .filter(each -> !each.getKey().equals(DIGITS))
        .map(each -> "SET " + each.getKey() + " = '" + each.getValue().replace("'", "''") + "'")
        .collect(Collectors.joining("; "));
  }
}
