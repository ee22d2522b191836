package io.zerodowntime.fault;

/** The database's name cannot be resolved any more, and the connections to it end. */
final class UnknownHost implements Fault {
  private static final String END_SESSIONS =
      """
      SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
      """;

  @Override
  public String name() {
    return "DNS gone, connections ended";
  }

  @Override
  public void start(Installation installation, Load load) throws Exception {
    installation.hosts().remove();
    installation.number(END_SESSIONS);
  }

  @Override
  public void stop(Installation installation) throws Exception {
    installation.hosts().add();
  }
}
