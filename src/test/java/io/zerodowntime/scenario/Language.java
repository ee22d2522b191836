package io.zerodowntime.scenario;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;

/** A client that has a helper, and how the suite's writer is run with it (helpers/README.md). */
enum Language {
  NODE,
  PYTHON,
  GO,
  JAVA,
  VERTX;

  private static final Path SOURCES = Path.of("helpers").toAbsolutePath();
  private static final Path TARGET = Path.of("target", "helpers").toAbsolutePath();

  /** JDBC's driver and Vert.x's client are on this one's own. */
  private static final String CLIENTS = System.getProperty("java.class.path");

  private static final long LIMIT_SECONDS = 240;

  /** How reports and directories call it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Why it cannot run on this machine; empty if it can. */
  Optional<String> missing() throws IOException, InterruptedException {
    for (List<String> command : needed()) {
      if (!succeeds(command)) {
        return Optional.of("%s is skipped: %s fails".formatted(label(), String.join(" ", command)));
      }
    }
    return Optional.empty();
  }

  private List<List<String>> needed() {
    return switch (this) {
      case NODE -> List.of(List.of("node", "--version"), List.of("npm", "--version"));
      case PYTHON -> List.of(List.of("python3", "-m", "ensurepip", "--version"));
      case GO -> List.of(List.of("go", "list", "-m"));
      case JAVA, VERTX -> List.of();
    };
  }

  /**
   * Installs what its writer needs, below {@code target/helpers}.
   *
   * @return the writer's command
   */
  List<String> install() throws IOException, InterruptedException {
    return switch (this) {
      case NODE -> node();
      case PYTHON -> python();
      case GO -> go();
      case JAVA, VERTX -> java();
    };
  }

  private List<String> node() throws IOException, InterruptedException {
    if (!Files.exists(installed("node_modules", "pg"))) {
      List<String> npm = new ArrayList<>(List.of("npm", "install", "--prefix", installed()));
      npm.addAll(List.of("--no-save", "--no-audit", "--no-fund", "--loglevel=error", "pg@8"));
      demand(npm);
    }
    String modules = "NODE_PATH=" + installed("node_modules");
    return List.of("env", modules, "node", source("driver.js"));
  }

  private List<String> python() throws IOException, InterruptedException {
    String python = installed("bin", "python").toString();
    demand(List.of("python3", "-m", "venv", installed()));
    demand(List.of(python, "-m", "pip", "install", "-q", "-r", source("requirements.txt")));
    return List.of(python, "-B", source("driver.py"));
  }

  private List<String> go() throws IOException, InterruptedException {
    String driver = installed("driver").toString();
    String modules = "GOMODCACHE=" + installed("modules");
    demand(List.of("env", modules, "go", "build", "-modcacherw", "-o", driver, "./driver"));
    return List.of(driver);
  }

  private List<String> java() throws IOException {
    Files.createDirectories(Path.of(installed()));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-cp",
                CLIENTS,
                "-d",
                installed(),
                source("Fence.java"),
                source("Driver.java"));
    if (status != 0) {
      throw new AssertionError("helpers/" + label() + " does not compile");
    }
    return List.of(
        ProcessHandle.current().info().command().orElse("java"),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        installed() + File.pathSeparator + CLIENTS,
        "Driver");
  }

  private String source(String file) {
    return SOURCES.resolve(label()).resolve(file).toString();
  }

  private String installed() {
    return TARGET.resolve(label()).toString();
  }

  private Path installed(String... below) {
    return Path.of(installed(), below);
  }

  private void demand(List<String> command) throws IOException, InterruptedException {
    if (!succeeds(command)) {
      throw new AssertionError(command + " failed: " + Files.readString(log()));
    }
  }

  /** Within a bound; what it prints is kept. */
  private boolean succeeds(List<String> command) throws IOException, InterruptedException {
    Files.createDirectories(TARGET);
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(SOURCES.resolve(label()).toFile());
    builder.redirectErrorStream(true).redirectOutput(log().toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return false; // there is no such program
    }
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      return false;
    }
    return process.exitValue() == 0;
  }

  private Path log() {
    return TARGET.resolve(label() + ".log");
  }
}
