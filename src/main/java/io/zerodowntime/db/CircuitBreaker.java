package io.zerodowntime.db;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Bounds the attempts to reach a server that is away. That of the database guards connection
 * attempts and not statements: while one connection works, statements on it go on. After a failed
 * attempt the next one, a probe, is made after a jittered back-off of 50 to 500 ms, and no other
 * one before a probe has succeeded. All pools of the process share the one of the database.
 *
 * <p>A request that finds no connection tries again until its deadline. An absence that has lasted
 * longer than a deadline is {@linkplain #isLasting lasting}: from then on requests fail at once.
 */
@Singleton
public class CircuitBreaker {
  /** Whether connections may be made. */
  public enum State {
    /** Connections are made as they are needed. */
    CLOSED,
    /** A probe is in flight, everything else is refused; a silent one is followed by another. */
    HALF_OPEN,
    /** Every attempt is refused until the next probe is due. */
    OPEN
  }

  private static final Logger LOG = Logger.getLogger(CircuitBreaker.class);
  private static final Duration FIRST_BACK_OFF = Duration.ofMillis(50);
  private static final Duration LAST_BACK_OFF = Duration.ofMillis(500);

  /** How long a probe without an answer holds up the next one: shorter than a login may take. */
  private static final Duration SILENT_PROBE = Duration.ofSeconds(1);

  private final Duration lasting;
  private final LongSupplier nanoTime;
  private final String server;
  private State state = State.CLOSED;
  private volatile long awaySince;
  private volatile boolean away;
  private OptionalLong lastReturn = OptionalLong.empty();
  private long nextProbe;
  private Duration backOff = FIRST_BACK_OFF;
  private long failed;
  private long refused;

  @Inject
  CircuitBreaker(
      @ConfigProperty(name = "request.deadline", defaultValue = "5s") Duration requestDeadline) {
    this(requestDeadline, System::nanoTime);
  }

  CircuitBreaker(Duration lasting, LongSupplier nanoTime) {
    this("the database", lasting, nanoTime);
  }

  /**
   * One for another server.
   *
   * @param server how the log calls it
   * @param lasting an absence that is longer is lasting
   * @param nanoTime the clock
   */
  public CircuitBreaker(String server, Duration lasting, LongSupplier nanoTime) {
    this.server = server;
    this.lasting = lasting;
    this.nanoTime = nanoTime;
  }

  /** Whether connections may be made. */
  public synchronized State state() {
    return state;
  }

  /** How long no connection could be made; empty while the last attempt has succeeded. */
  public Optional<Duration> awayFor() {
    return away
        ? Optional.of(Duration.ofNanos(nanoTime.getAsLong() - awaySince))
        : Optional.empty();
  }

  /** When the database was back the last time, by the clock; empty if it was never away. */
  synchronized OptionalLong lastReturn() {
    return lastReturn;
  }

  /** Whether the database is away for longer than a request may wait for it. */
  boolean isLasting() {
    return away && nanoTime.getAsLong() - awaySince > lasting.toNanos();
  }

  /** Whether an attempt may be made now; its end must be reported. */
  public synchronized boolean admits() {
    if (state == State.CLOSED) {
      return true;
    }
    long now = nanoTime.getAsLong();
    if (now - nextProbe >= 0) {
      state = State.HALF_OPEN;
      nextProbe = now + SILENT_PROBE.toNanos();
      return true;
    }
    refused++;
    return false;
  }

  /** An attempt has succeeded: whatever needs a connection may make one. */
  public synchronized void succeeded() {
    if (state == State.CLOSED) {
      return;
    }
    LOG.infof(
        "%s is back after %d ms; meanwhile %d attempts failed, and %d were refused at once",
        server, Duration.ofNanos(nanoTime.getAsLong() - awaySince).toMillis(), failed, refused);
    state = State.CLOSED;
    away = false;
    lastReturn = OptionalLong.of(nanoTime.getAsLong());
    backOff = FIRST_BACK_OFF;
  }

  /**
   * An attempt has failed, for whatever reason: no other one is made before the back-off.
   *
   * @param began when the attempt began, by the clock; one from before the last return says nothing
   */
  public synchronized void failed(long began, Throwable cause) {
    if (lastReturn.isPresent() && began - lastReturn.getAsLong() < 0) {
      return;
    }
    long now = nanoTime.getAsLong();
    if (state == State.CLOSED) {
      awaySince = now;
      away = true;
      failed = 0;
      refused = 0;
      LOG.warnf("%s is away: %s", server, NotConnectedException.describe(cause));
    } else if (state == State.HALF_OPEN) {
      backOff = doubled(backOff);
    }
    failed++;
    state = State.OPEN;
    nextProbe = now + jittered(backOff);
  }

  private static Duration doubled(Duration backOff) {
    Duration doubled = backOff.multipliedBy(2);
    return doubled.compareTo(LAST_BACK_OFF) < 0 ? doubled : LAST_BACK_OFF;
  }

  /** Half to one and a half times as long, so that the instances do not probe in step. */
  private static long jittered(Duration backOff) {
    return (long) (backOff.toNanos() * ThreadLocalRandom.current().nextDouble(0.5, 1.5));
  }
}
