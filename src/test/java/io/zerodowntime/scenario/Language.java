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

/** A language that has a helper, and how the suite's writer is run in it (helpers/README.md). */
enum Language {
  NODE(List.of("node", "--version"), List.of("npm", "--version")),
  PYTHON(List.of("python3", "-c", "import ensurepip")),
  GO(List.of("go", "list", "-m")),
  JAVA(),
  VERTX();

  private static final Path TARGET = Path.of("target", "helpers").toAbsolutePath();
  /** JDBC's driver and Vert.x's client are on this one's own. */
  private static final String CLIENTS = System.getProperty("java.class.path");

  private static final long LIMIT_SECONDS = 240;

  private final List<List<String>> needed;
  private final Path sources;
  private final Path installed;

  @SafeVarargs
  Language(List<String>... needed) {
    this.needed = List.of(needed);
    String name = name().toLowerCase(Locale.ROOT);
    this.sources = Path.of("helpers", name).toAbsolutePath();
    this.installed = Path.of("target", "helpers", name).toAbsolutePath();
  }

  /** How reports call it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Why it cannot run on this machine; empty if it can. */
  Optional<String> missing() throws IOException, InterruptedException {
    Files.createDirectories(installed);
    for (List<String> command : needed) {
      if (!succeeds(command)) {
        return Optional.of(String.join(" ", command) + " fails: " + label() + " is skipped");
      }
    }
    return Optional.empty();
  }

  /**
   * Installs what its writer needs, below {@code target/helpers}.
   *
   * @return the writer's command
   */
  List<String> install() throws IOException, InterruptedException {
    Files.createDirectories(installed);
    return switch (this) {
      case NODE -> node();
      case PYTHON -> python();
      case GO -> go();
      case JAVA, VERTX -> java();
    };
  }

  private List<String> node() throws IOException, InterruptedException {
    if (!Files.exists(installed.resolve("node_modules/pg"))) {
      demand("npm install --no-save --no-audit --no-fund --loglevel=error --prefix", "pg@8");
    }
    String modules = "NODE_PATH=" + installed.resolve("node_modules");
    return List.of("env", modules, "node", sources.resolve("driver.js").toString());
  }

  private List<String> python() throws IOException, InterruptedException {
    String python = installed.resolve("bin/python").toString();
    demand("python3 -m venv");
    demand(List.of(python, "-m", "pip", "install", "-q", "-r", sources + "/requirements.txt"));
    return List.of(python, "-B", sources.resolve("driver.py").toString());
  }

  private List<String> go() throws IOException, InterruptedException {
    String driver = installed.resolve("driver").toString();
    String modules = "GOMODCACHE=" + installed.resolve("modules");
    demand(List.of("env", modules, "go", "build", "-modcacherw", "-o", driver, "./driver"));
    return List.of(driver);
  }

  private List<String> java() {
    List<String> arguments =
        List.of(
            "-cp",
            CLIENTS,
            "-d",
            installed.toString(),
            sources.resolve("Fence.java").toString(),
            sources.resolve("Driver.java").toString());
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new));
    if (status != 0) {
      throw new AssertionError("helpers/" + label() + " does not compile");
    }
    return List.of(
        ProcessHandle.current().info().command().orElse("java"),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        installed + File.pathSeparator + CLIENTS,
        "Driver");
  }

  private void demand(String command, String... more) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(command.split(" ")));
    line.add(installed.toString());
    line.addAll(List.of(more));
    demand(line);
  }

  private void demand(List<String> command) throws IOException, InterruptedException {
    if (!succeeds(command)) {
      throw new AssertionError(command + " failed: " + Files.readString(log()));
    }
  }

  /** Within a bound; what it prints is kept. */
  private boolean succeeds(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(sources.toFile());
    builder.redirectErrorStream(true).redirectOutput(log().toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return false;
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
