package io.zerodowntime.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ServiceProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every call under every fault: it is answered in time, as documented, no acknowledged write is
 * lost or doubled, and afterwards all is as before. {@code -Dfaults.long} makes faults of 20 s with
 * the default deadline; {@code -Dfaults.only} is a regular expression of the faults to be run. Two
 * faults run at once, each on a server of its own: most of the time is spent waiting.
 */
@Tag("alone")
@Execution(ExecutionMode.CONCURRENT)
class FaultIT {
  private static final Path LOGS = Path.of("target", "faults");
  private static final FaultTiming FORM = FaultTiming.chosen();
  private static final Report REPORT = new Report(FORM);

  @TempDir static Path directory;

  private static final int AT_ONCE = 2;
  private static final Map<String, String> SETTINGS =
      Map.of("max_connections", "200", "fsync", "on", "shared_buffers", "128MB");
  private static final BlockingQueue<PostgresServer> SERVERS = new ArrayBlockingQueue<>(AT_ONCE);

  @BeforeAll
  static void start() throws Exception {
    Files.createDirectories(LOGS);
    for (int i = 0; i < AT_ONCE; i++) {
      PostgresServer server = new PostgresServer(directory.resolve("server" + i), SETTINGS);
      Installation.prepare(server);
      SERVERS.add(server);
    }
  }

  @AfterAll
  static void end() throws Exception {
    REPORT.write();
    for (PostgresServer server : SERVERS) {
      server.close();
    }
  }

  static Stream<Named<Fault>> faults() {
    return Fault.all().stream()
        .filter(fault -> fault.name().matches(".*(" + FaultTiming.only() + ").*"))
        // a native executable asks the system for names, not the file
        .filter(fault -> !ServiceProcess.isNative() || !(fault instanceof UnknownHost))
        .map(fault -> Named.of(fault.name(), fault));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void holds(Fault fault) throws Exception {
    PostgresServer server = SERVERS.take();
    try {
      holds(fault, server);
    } finally {
      SERVERS.add(server);
    }
  }

  private static void holds(Fault fault, PostgresServer server) throws Exception {
    Installation installation =
        Installation.start(server, fault.name(), directory, FORM.deadline());
    try (installation) {
      FaultOutcome outcome = new FaultRun(fault, installation, FORM).run();
      REPORT.add(outcome);
      List<String> violations = OutcomeCheck.violations(outcome);
      assertThat(violations).as(fault.name()).isEmpty();
    } finally {
      Path log = LOGS.resolve(fault.name().replaceAll("[^a-zA-Z0-9]+", "-") + ".log");
      Files.writeString(log, installation.service().out() + installation.service().err());
    }
  }
}
