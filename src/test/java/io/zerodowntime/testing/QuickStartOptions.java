package io.zerodowntime.testing;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Options for a JVM that lives for seconds: one compiler and one thread for garbage only, and an
 * archive of the classes that the packaged program loads. The archive is made once for each build.
 */
final class QuickStartOptions {
  private static final List<String> OPTIONS =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private QuickStartOptions() {}

  static List<String> of(Path program) throws IOException {
    List<String> options = new ArrayList<>(OPTIONS);
    if (program.equals(ServiceProcess.packaged())) {
      options.add("-XX:SharedArchiveFile=" + archive(program));
    }
    return options;
  }

  private static synchronized Path archive(Path program) throws IOException {
    Path archive = ServiceProcess.TARGET.resolve("tests-" + Runtime.version() + ".jsa");
    Path lock = ServiceProcess.TARGET.resolve("tests.lock");
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      if (held.isValid() && !isOfThisBuild(archive, program)) {
        make(archive, program);
      }
    }
    return archive;
  }

  private static boolean isOfThisBuild(Path archive, Path program) throws IOException {
    return Files.exists(archive)
        && Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(program)) > 0;
  }

  /** By a process that creates its tables and answers: more classes than {@code train} loads. */
  private static void make(Path archive, Path program) throws IOException {
    Files.deleteIfExists(archive);
    Path directory = Files.createTempDirectory("train");
    List<String> options = new ArrayList<>(OPTIONS);
    options.add("-XX:ArchiveClassesAtExit=" + archive);
    Map<String, String> environment =
        Map.of(
            "DATABASE_URL",
            TestPostgres.create(QuickStartOptions.class).url(),
            "MIGRATION_AUTO_EXPAND",
            "true",
            "OPERATOR_PASSWORD",
            "operator");
    try (ServiceProcess training =
        ServiceProcess.start(options, program, directory, ServiceProcess.freePort(), environment)) {
      training.awaitReady();
      for (String path : List.of("/orders/1", "/orders", "/migrations", "/q/metrics")) {
        training.get(path);
      }
      training.signal("TERM");
      training.awaitExit();
      if (!Files.exists(archive)) {
        throw new AssertionError("no archive: " + training.out() + training.err());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
