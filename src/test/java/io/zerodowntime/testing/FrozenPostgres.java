package io.zerodowntime.testing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Stops every process of the test server (SIGSTOP) until it is closed: the sockets stay open, the
 * kernel acknowledges what arrives, and nothing is ever answered.
 */
public final class FrozenPostgres implements AutoCloseable {
  private final List<Long> processes;

  public FrozenPostgres() throws IOException, InterruptedException {
    ProcessHandle postmaster = TestPostgres.postmaster();
    // the postmaster first, so that no process is made after the others were listed
    signal("STOP", List.of(postmaster.pid()));
    processes =
        Stream.concat(Stream.of(postmaster), postmaster.children())
            .map(ProcessHandle::pid)
            .toList();
    signal("STOP", processes);
  }

  private static void signal(String name, List<Long> processes)
      throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("kill", "-" + name));
    processes.forEach(each -> line.add(String.valueOf(each)));
    new ProcessBuilder(line).start().waitFor();
  }

  /** Lets the server go on. */
  @Override
  public void close() throws IOException, InterruptedException {
    signal("CONT", processes);
  }
}
