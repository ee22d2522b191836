package io.zerodowntime.fault;

/** All processes of PostgreSQL are stopped where they are; its sockets stay open. */
final class FrozenServer implements Fault {
  @Override
  public String name() {
    return "PostgreSQL frozen (SIGSTOP)";
  }

  @Override
  public void start(Installation installation, Load load) throws Exception {
    installation.server().freeze();
  }

  @Override
  public void stop(Installation installation) throws Exception {
    installation.server().thaw();
  }
}
