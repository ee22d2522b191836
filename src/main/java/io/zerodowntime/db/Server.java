package io.zerodowntime.db;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.impl.ContextInternal;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A server to connect to, by the first of its hosts that may be used. The host that was used last
 * is tried first, so that one which does not answer costs its time once.
 */
final class Server {
  private final String title;
  private final PgConnectOptions options;
  private final CircuitBreaker breaker;
  private final @Nullable DatabaseUrl url;
  private final SessionRules rules;
  private volatile int last;

  /**
   * @param title tells its pools from those of others; empty for the primary
   * @param url says more than the options do; null where they say all
   * @param rules what every new session is put under
   */
  Server(
      String title,
      PgConnectOptions options,
      CircuitBreaker breaker,
      @Nullable DatabaseUrl url,
      SessionRules rules) {
    this.title = title;
    this.options = options;
    this.breaker = breaker;
    this.url = url;
    this.rules = rules;
  }

  String title() {
    return title;
  }

  CircuitBreaker breaker() {
    return breaker;
  }

  /** What every connection of a pool begins with. */
  PgConnectOptions options(PoolSettings.Bounds bounds, String name, int pipeline) {
    return bounds.connection(name, options, pipeline);
  }

  /**
   * Makes one connection, to one host after the other until one may be used.
   *
   * @return fails with what the last host said
   */
  Future<SqlConnection> connect(
      ConnectionFactory factory, PgConnectOptions begin, Context context) {
    if (url == null) {
      return bounded(context, logIn(factory, begin, context, "the database", null));
    }
    return attempt(url, factory, begin, context, last, 0);
  }

  private Future<SqlConnection> attempt(
      DatabaseUrl url,
      ConnectionFactory factory,
      PgConnectOptions begin,
      Context context,
      int first,
      int number) {
    List<DatabaseHost> hosts = url.hosts();
    int index = (first + number) % hosts.size();
    DatabaseHost host = hosts.get(index);
    Future<SqlConnection> attempt =
        options(url, host, begin, context)
            .compose(complete -> logIn(factory, complete, context, host.place(), url.target()));
    return bounded(context, attempt)
        .onSuccess(connected -> last = index)
        .recover(
            failure ->
                number + 1 < hosts.size()
                    ? attempt(url, factory, begin, context, first, number + 1)
                    : Future.failedFuture(failure));
  }

  /**
   * Looks at the hosts that are not used now, one after the other: one of them may be a primary of
   * a later timeline.
   *
   * @return never fails; a host that cannot be reached tells nothing
   */
  Future<Void> lookAtOthers(ConnectionFactory factory, PgConnectOptions begin, Context context) {
    Future<Void> looked = Future.succeededFuture();
    for (int index = 0; url != null && index < url.hosts().size(); index++) {
      if (index == last) {
        continue;
      }
      DatabaseUrl here = url;
      DatabaseHost host = url.hosts().get(index);
      looked =
          looked
              .compose(
                  done ->
                      bounded(
                          context,
                          options(here, host, begin, context)
                              .compose(
                                  complete ->
                                      logIn(
                                          factory,
                                          complete,
                                          context,
                                          host.place(),
                                          TargetSession.ANY))))
              .compose(connection -> connection.close())
              .otherwiseEmpty();
    }
    return looked;
  }

  /** Files are read by a thread that may wait for them. */
  private static Future<PgConnectOptions> options(
      DatabaseUrl url, DatabaseHost host, PgConnectOptions begin, Context context) {
    PgConnectOptions options =
        new PgConnectOptions(begin).setHost(host.name()).setPort(host.port());
    if (!url.passwordSource().isInFile() && url.tlsFiles().certificate().isEmpty()) {
      return Future.succeededFuture(options.setPassword(url.password().orElse("")));
    }
    return context.executeBlocking(
        () -> {
          Optional<ClientCertificate> certificate = url.tlsFiles().clientCertificate();
          certificate.ifPresent(shown -> options.setKeyCertOptions(shown.options()));
          return options.setPassword(url.password(host).orElse(""));
        },
        false);
  }

  private Future<SqlConnection> logIn(
      ConnectionFactory factory,
      PgConnectOptions complete,
      Context context,
      String place,
      @Nullable TargetSession target) {
    return factory
        .connect(context, rules.startup(complete))
        .compose(
            connection ->
                rules
                    .apply(connection, complete, place, target)
                    .map(connection)
                    .recover(
                        failure -> {
                          connection.close();
                          return Future.failedFuture(failure);
                        }));
  }

  /**
   * Fails if the login takes too long; a connection that is made later is closed. The pool is told
   * in the context of the connection: another thread could find it half made.
   */
  private static Future<SqlConnection> bounded(Context context, Future<SqlConnection> login) {
    Promise<SqlConnection> answer = ((ContextInternal) context).promise();
    long limit =
        context
            .owner()
            .setTimer(
                PoolSettings.LOGIN.toMillis(),
                late -> answer.tryFail(new TimeoutException("the login was not answered in time")));
    login.onComplete(
        made -> {
          context.owner().cancelTimer(limit);
          if (made.failed()) {
            answer.tryFail(made.cause());
          } else if (!answer.tryComplete(made.result())) {
            made.result().close();
          }
        });
    return answer.future();
  }
}
