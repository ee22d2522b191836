package io.zerodowntime.testing;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Options for a JVM that lives for seconds: one compiler only, and an archive of the classes that
 * the packaged program loads. The archive is made once for each build, by the command {@code
 * train}.
 */
final class QuickStartOptions {
  private static final String ONE_COMPILER = "-XX:TieredStopAtLevel=1";

  private QuickStartOptions() {}

  static List<String> of(Path program) throws IOException {
    List<String> options = new ArrayList<>(List.of(ONE_COMPILER));
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

  private static void make(Path archive, Path program) throws IOException {
    Files.deleteIfExists(archive);
    Path directory = Files.createTempDirectory("train");
    File log = directory.resolve("train.log").toFile();
    ProcessBuilder builder =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                ONE_COMPILER,
                "-XX:ArchiveClassesAtExit=" + archive,
                "-Dquarkus.http.port=0",
                "-Dquarkus.management.port=0",
                "-jar",
                program.toString(),
                "train")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log);
    Process training = builder.start();
    try {
      if (!training.waitFor(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)
          || training.exitValue() != 0) {
        throw new AssertionError("no archive: " + Files.readString(log.toPath()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      training.destroyForcibly();
    }
  }
}
