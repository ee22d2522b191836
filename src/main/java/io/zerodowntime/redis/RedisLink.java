package io.zerodowntime.redis;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * One connection, on which commands follow each other without waiting. It has a client of its own,
 * as only the end of a client ends a connection whose login is never answered.
 */
final class RedisLink {
  /** How long TCP, TLS and login may take together. */
  static final Duration CONNECT = Duration.ofSeconds(1);

  /** A connection that has answered nothing for so long is given up. */
  private static final Duration SILENT = Duration.ofSeconds(1);

  /** How long sent bytes may stay without an acknowledgement. */
  private static final Duration UNACKNOWLEDGED = Duration.ofSeconds(5);

  /** Commands without an answer; what comes beyond fails at once. */
  private static final int WAITING = 1024;

  private final Redis client;
  private final Future<RedisConnection> connection;
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile long silentSince = System.nanoTime();
  private final AtomicBoolean ended = new AtomicBoolean();

  RedisLink(Vertx vertx, RedisUrl url) {
    client = Redis.createClient(vertx, options(url));
    connection = client.connect();
    long limit =
        vertx.setTimer(
            CONNECT.toMillis(),
            over -> {
              if (!connection.isComplete()) {
                close();
              }
            });
    connection.onComplete(
        made -> {
          vertx.cancelTimer(limit);
          if (made.failed()) {
            close();
          } else {
            made.result().endHandler(end -> close()).exceptionHandler(failure -> close());
          }
        });
  }

  private static RedisOptions options(RedisUrl url) {
    NetClientOptions net =
        new NetClientOptions()
            .setConnectTimeout((int) CONNECT.toMillis())
            .setTcpKeepAlive(true)
            .setTcpNoDelay(true)
            .setTcpUserTimeout((int) UNACKNOWLEDGED.toMillis());
    if (url.tls()) {
      net.setSsl(true).setHostnameVerificationAlgorithm("HTTPS");
      url.rootCertificate()
          .ifPresent(file -> net.setTrustOptions(new PemTrustOptions().addCertPath(file)));
      url.certificate()
          .ifPresent(
              file ->
                  net.setKeyCertOptions(
                      new PemKeyCertOptions()
                          .setCertPath(file)
                          .setKeyPath(url.key().orElseThrow())));
    }
    return new RedisOptions()
        .setConnectionString(url.connection())
        .setNetClientOptions(net)
        .setPoolName("redis")
        .setMaxPoolSize(1)
        .setMaxPoolWaiting(1)
        .setPoolCleanerInterval(-1)
        .setPoolRecycleTimeout(-1)
        .setMaxWaitingHandlers(WAITING);
  }

  /**
   * Sends a command once the connection is made.
   *
   * @param wanted whether it is still of use by then
   */
  Future<Response> send(Request request, BooleanSupplier wanted) {
    if (waiting.incrementAndGet() == 1) {
      silentSince = System.nanoTime();
    }
    return connection
        .compose(
            made ->
                wanted.getAsBoolean()
                    ? made.send(request)
                    : Future.failedFuture("the command is too late"))
        .onComplete(
            answer -> {
              waiting.decrementAndGet();
              silentSince = System.nanoTime();
            });
  }

  /** Whether it is of no more use: it has ended, or did not answer for too long. */
  boolean isDead() {
    return ended.get() || (waiting.get() > 0 && System.nanoTime() - silentSince > SILENT.toNanos());
  }

  /** Ends it, once; whatever waits fails. */
  void close() {
    if (ended.compareAndSet(false, true)) {
      client.close();
    }
  }
}
