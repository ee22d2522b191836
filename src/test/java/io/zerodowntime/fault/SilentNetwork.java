package io.zerodowntime.fault;

/**
 * The network swallows all that the service and PostgreSQL say to each other.
 *
 * @param lost whether the connections of that time stay silent afterwards, as after a failover
 */
record SilentNetwork(boolean lost) implements Fault {
  @Override
  public String name() {
    return lost ? "black hole, connections lost for good" : "black hole";
  }

  @Override
  public void start(Installation installation, Load load) {
    installation.proxy().swallow();
  }

  @Override
  public void stop(Installation installation) {
    installation.proxy().forward(lost);
  }
}
