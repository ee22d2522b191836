package io.zerodowntime.redis;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import io.vertx.redis.client.impl.types.ErrorType;
import io.zerodowntime.db.CircuitBreaker;
import io.zerodowntime.redis.RedisMetrics.End;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Sends commands to the Redis that {@code REDIS_URL} names, and waits 20 ms for an answer. What has
 * no answer by then fails for its caller, who goes on without Redis. After three commands in a row
 * without an answer a circuit breaker keeps the next ones back, until one that it lets through is
 * answered. The connection is made when it is first needed.
 */
@Singleton
public class Redis {
  /** How long a caller waits, also for the connection. */
  static final Duration ANSWER = Duration.ofMillis(20);

  /** A single late answer, as of a process that got no processor, does not open the breaker. */
  private static final int IN_A_ROW = 3;

  private final Vertx vertx;
  private final RedisMetrics metrics;
  private final Optional<RedisUrl> url;
  private final CircuitBreaker breaker;
  private final AtomicInteger unanswered = new AtomicInteger();
  private @Nullable RedisLink link;

  Redis(
      Vertx vertx,
      RedisMetrics metrics,
      @ConfigProperty(name = "zerodowntime.redis") Optional<String> url) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.url = url.map(Redis::parse);
    this.breaker =
        new CircuitBreaker(
            "Redis " + this.url.map(RedisUrl::place).orElse(""), ANSWER, System::nanoTime);
  }

  private static RedisUrl parse(String text) {
    try {
      RedisUrl url = RedisUrl.parse(text);
      Stream.of(url.rootCertificate(), url.certificate(), url.key())
          .flatMap(Optional::stream)
          .filter(file -> !Files.isReadable(Path.of(file)))
          .forEach(
              file -> {
                throw new ConfigurationException(
                    "REDIS_URL names the file " + file + ", which cannot be read");
              });
      return url;
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("REDIS_URL is " + e.getMessage());
    }
  }

  void start(@Observes StartupEvent event) {
    if (isEnabled()) {
      metrics.register(breaker);
    }
  }

  synchronized void stop(@Observes ShutdownEvent event) {
    if (link != null) {
      link.close();
    }
  }

  /** Whether {@code REDIS_URL} names one. */
  public boolean isEnabled() {
    return url.isPresent();
  }

  /**
   * Reads the beginning of a text.
   *
   * @param longest how many bytes of it at most, whatever is stored there
   * @return empty bytes if there is none; fails with {@link NoRedisAnswerException}
   */
  public Uni<byte[]> get(RedisUse use, String key, int longest) {
    return send(use, Request.cmd(Command.GETRANGE).arg(key).arg(0).arg(longest - 1L))
        .map(text -> text == null ? new byte[0] : text.toBytes());
  }

  /**
   * Stores a text, for at least a millisecond; fails with {@link NoRedisAnswerException} if it is
   * not known to be stored.
   */
  public Uni<Void> set(RedisUse use, String key, byte[] value, Duration ttl) {
    return send(
            use,
            Request.cmd(Command.SET)
                .arg(key)
                .arg(Buffer.buffer(value))
                .arg("PX")
                .arg(Math.max(1, ttl.toMillis())))
        .replaceWithVoid();
  }

  /**
   * Runs a script.
   *
   * @param key the one key that it uses
   * @return what it gives back; fails with {@link NoRedisAnswerException}
   */
  public Uni<Response> run(RedisUse use, RedisScript script, String key, long... arguments) {
    // both commands together have the time of one
    long until = System.nanoTime() + ANSWER.toNanos();
    return send(use, script.request(Command.EVALSHA, script.digest(), key, arguments), until)
        .onFailure(Redis::isUnknownScript)
        .recoverWithUni(
            () -> send(use, script.request(Command.EVAL, script.text(), key, arguments), until));
  }

  private static boolean isUnknownScript(Throwable failure) {
    return String.valueOf(failure.getMessage()).startsWith("NOSCRIPT");
  }

  private Uni<Response> send(RedisUse use, Request request) {
    return send(use, request, System.nanoTime() + ANSWER.toNanos());
  }

  private Uni<Response> send(RedisUse use, Request request, long until) {
    return Uni.createFrom().emitter(caller -> send(use, request, until, caller));
  }

  private void send(
      RedisUse use, Request request, long until, UniEmitter<? super Response> caller) {
    long began = System.nanoTime();
    if (!breaker.admits()) {
      metrics.ended(use, End.NOT_SENT, Duration.ZERO);
      caller.fail(new NoRedisAnswerException("Redis is away"));
      return;
    }
    Context context = vertx.getOrCreateContext();
    AtomicBoolean ended = new AtomicBoolean();
    RedisLink used = link();
    long timer =
        vertx.setTimer(
            Math.max(1, Duration.ofNanos(until - began).toMillis()),
            over -> {
              if (ended.compareAndSet(false, true)) {
                end(use, End.TIMEOUT, began);
                failed(used, began, new NoRedisAnswerException("no answer in time"));
                caller.fail(new NoRedisAnswerException("no answer in time"));
              }
            });
    used.send(request, () -> !ended.get())
        .onComplete(
            answer -> {
              vertx.cancelTimer(timer);
              if (ended.compareAndSet(false, true)) {
                End end = end(answer.cause());
                end(use, end, began);
                if (end == End.NOT_CONNECTED) {
                  unanswered.set(IN_A_ROW);
                  failed(used, began, answer.cause());
                } else {
                  answered(used, answer.cause());
                }
                in(context, () -> tell(caller, answer.result(), answer.cause()));
              }
            });
  }

  private static void tell(
      UniEmitter<? super Response> caller, @Nullable Response answer, @Nullable Throwable cause) {
    if (cause == null) {
      caller.complete(answer);
    } else {
      caller.fail(new NoRedisAnswerException(String.valueOf(cause.getMessage())));
    }
  }

  private static void in(Context context, Runnable work) {
    if (context == Vertx.currentContext()) {
      work.run();
    } else {
      context.runOnContext(here -> work.run());
    }
  }

  /** The client also says by an error of Redis' kind that the connection is closed. */
  private static End end(@Nullable Throwable failure) {
    if (failure == null) {
      return End.ANSWERED;
    }
    return failure instanceof ErrorType error && !error.is("CONNECTION_CLOSED")
        ? End.ERROR
        : End.NOT_CONNECTED;
  }

  private void end(RedisUse use, End end, long began) {
    metrics.ended(use, end, Duration.ofNanos(System.nanoTime() - began));
  }

  /** A server that became a replica goes on answering: another one is the primary. */
  private void answered(RedisLink used, @Nullable Throwable failure) {
    unanswered.set(0);
    breaker.succeeded();
    if (failure instanceof ErrorType error && error.is("READONLY")) {
      used.close();
    }
  }

  private void failed(RedisLink used, long began, Throwable cause) {
    if (unanswered.incrementAndGet() >= IN_A_ROW
        || breaker.state() != CircuitBreaker.State.CLOSED) {
      breaker.failed(began, cause);
    }
    if (used.isDead()) {
      used.close();
    }
  }

  private synchronized RedisLink link() {
    RedisLink current = link;
    if (current == null || current.isDead()) {
      if (current != null) {
        current.close();
      }
      current = new RedisLink(vertx, url.orElseThrow());
      link = current;
    }
    return current;
  }
}
