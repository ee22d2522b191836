package io.zerodowntime.scenario;

import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Processes of the packaged program that share one database and one directory of flags. */
final class Fleet implements AutoCloseable {
  private final Path directory;
  private final Map<String, String> environment = new HashMap<>();
  private final FlagFiles flags;
  private final List<ServiceProcess> processes = new ArrayList<>();
  private final List<URI> addresses = new ArrayList<>();

  /**
   * @param directory for flags and output
   * @param settings environment variables beside those that every process needs
   */
  Fleet(Path directory, TestDatabase database, Map<String, String> settings) throws IOException {
    this.directory = directory;
    this.flags = new FlagFiles(Files.createDirectory(directory.resolve("flags")));
    flags.edit(0);
    environment.put("DATABASE_URL", database.url());
    environment.put("FLAGS_DIR", flags.directory().toString());
    environment.put("OPERATOR_PASSWORD", Operator.PASSWORD);
    environment.put("MIGRATION_SOAK", "0s");
    environment.putAll(settings);
  }

  FlagFiles flags() {
    return flags;
  }

  /** The flags of a migration by its name. */
  FlagFiles flags(String migration) {
    return FlagFiles.of(flags.directory(), migration);
  }

  /** Changes settings of the processes that start from now on. */
  void set(Map<String, String> settings) {
    environment.putAll(settings);
  }

  /** Starts an instance that serves; returns when it is ready. */
  ServiceProcess serve() throws IOException {
    int port = freePort();
    ServiceProcess process = keep(ServiceProcess.start(directory, port, environment));
    addresses.add(URI.create("http://localhost:" + port));
    return process.awaitReady();
  }

  /** Starts an instance that has ended again, on its port; returns when it is ready. */
  ServiceProcess serveAgain(int instance) {
    int port = addresses.get(instance).getPort();
    return keep(ServiceProcess.start(directory, port, environment)).awaitReady();
  }

  /** Starts a command; returns at once. */
  ServiceProcess begin(String... command) throws IOException {
    return keep(ServiceProcess.start(directory, freePort(), environment, command));
  }

  /** Runs a command to its end, which must come with this exit status. */
  ServiceProcess run(int status, String... command) throws IOException, InterruptedException {
    ServiceProcess process = begin(command);
    int actual = process.awaitExit();
    if (actual != status) {
      throw new AssertionError(
          "%s ended with %d: %s%s"
              .formatted(List.of(command), actual, process.out(), process.err()));
    }
    return process;
  }

  /** Where the instances serve, in the order of their start. */
  List<URI> addresses() {
    return List.copyOf(addresses);
  }

  /** Operates the migration of orders by way of an instance, counted from 0. */
  Operator operator(int instance) {
    return operator(instance, OrdersTable.MIGRATION);
  }

  /** Operates a migration by way of an instance, counted from 0. */
  Operator operator(int instance, String migration) {
    return new Operator(addresses.get(instance), migration);
  }

  private ServiceProcess keep(ServiceProcess process) {
    processes.add(process);
    return process;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** What all processes wrote, for a person who looks for the reason of a failure. */
  String output() {
    StringBuilder all = new StringBuilder();
    processes.forEach(p -> all.append(p.out()).append(p.err()).append("----\n"));
    return all.toString();
  }

  /** Kills them: the tests have seen what they wanted, and a shutdown takes its delay. */
  @Override
  public void close() {
    processes.forEach(ServiceProcess::kill);
  }
}
