package io.zerodowntime.fault;

import java.time.Duration;
import java.util.stream.Stream;

/** PostgreSQL is stopped under load, and started again. */
final class RestartedServer implements Fault {
  private final boolean immediate;
  private final int writers;
  private Duration stopped = Duration.ZERO;

  /**
   * @param immediate without a word to its clients, and with recovery at the next start
   */
  RestartedServer(boolean immediate, int writers) {
    this.immediate = immediate;
    this.writers = writers;
  }

  static Stream<Fault> all() {
    return Stream.of(
        new RestartedServer(false, 16),
        new RestartedServer(false, 64),
        new RestartedServer(true, 16),
        new RestartedServer(true, 64));
  }

  @Override
  public String name() {
    return "restart, %s, %d writers".formatted(immediate ? "immediate" : "fast", writers);
  }

  @Override
  public int writers() {
    return writers;
  }

  @Override
  public boolean lasts() {
    return false;
  }

  @Override
  public void start(Installation installation, Load load) throws Exception {
    stopped = installation.server().stop(immediate ? "QUIT" : "INT");
    installation.server().start();
  }

  @Override
  public String remark() {
    return "stopped in %.1f s".formatted(stopped.toMillis() / 1e3);
  }
}
