package io.zerodowntime.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The names that the service can resolve: a file that its JVM reads instead of asking the system,
 * at each look-up.
 */
record HostNames(Path file) {
  static final String DATABASE = "database.test";

  private static final String LOCAL = "127.0.0.1 localhost\n";

  static HostNames in(Path directory) throws IOException {
    HostNames names = new HostNames(directory.resolve("hosts"));
    names.add();
    return names;
  }

  /** Options of the JVM: a name that was resolved is forgotten at once. */
  String options() {
    return "-Djdk.net.hosts.file=" + file + " -Dsun.net.inetaddr.ttl=0";
  }

  void add() throws IOException {
    Files.writeString(file, LOCAL + "127.0.0.1 " + DATABASE + "\n");
  }

  void remove() throws IOException {
    Files.writeString(file, LOCAL);
  }
}
