package io.zerodowntime.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.awaitility.core.TerminalFailureException;

/** The packaged program as a process of its own, with its output in files of its directory. */
public final class ServiceProcess implements AutoCloseable {
  static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final boolean MANAGEMENT = Boolean.getBoolean("management.enabled");

  private final Process process;
  private final int port;
  private final int managementPort;
  private final Path out;
  private final Path err;

  private ServiceProcess(Process process, int port, int managementPort, Path out, Path err) {
    this.process = process;
    this.port = port;
    this.managementPort = managementPort;
    this.out = out;
    this.err = err;
  }

  /** Whether the last build made a native executable; Quarkus says so beside what it made. */
  public static boolean isNative() {
    return artifact().getProperty("type").equals("native");
  }

  /** The packaged program, jar or native executable. */
  public static Path packaged() {
    return TARGET.resolve(artifact().getProperty("path"));
  }

  private static Properties artifact() {
    try (Reader file = Files.newBufferedReader(TARGET.resolve("quarkus-artifact.properties"))) {
      Properties properties = new Properties();
      properties.load(file);
      return properties;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What starts the packaged program, without arguments. */
  public static List<String> commandLine() throws IOException {
    return line(packaged(), optionsOf(packaged()));
  }

  private static List<String> line(Path program, List<String> options) {
    List<String> line = new ArrayList<>();
    if (isJar(program)) {
      line.add(ProcessHandle.current().info().command().orElse("java"));
      line.addAll(options);
      line.addAll(List.of("-jar", program.toString()));
    } else {
      line.add(program.toString());
      line.addAll(options);
    }
    return line;
  }

  private static boolean isJar(Path program) {
    return program.toString().endsWith(".jar");
  }

  /**
   * Starts it; returns at once.
   *
   * @param directory its working directory
   * @param port for HTTP
   * @param environment beside an otherwise empty one
   */
  public static ServiceProcess start(
      Path directory, int port, Map<String, String> environment, String... arguments) {
    return start(packaged(), directory, port, environment, arguments);
  }

  /** The same for a copy of the packaged program. */
  public static ServiceProcess start(
      Path program,
      Path directory,
      int port,
      Map<String, String> environment,
      String... arguments) {
    try {
      return start(optionsOf(program), program, directory, port, environment, arguments);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> optionsOf(Path program) throws IOException {
    return isJar(program) ? QuickStartOptions.of(program) : List.of();
  }

  /** The same with these options of the JVM, none for a native executable. */
  static ServiceProcess start(
      List<String> options,
      Path program,
      Path directory,
      int port,
      Map<String, String> environment,
      String... arguments)
      throws IOException {
    int managementPort = MANAGEMENT ? freePort() : port;
    List<String> all = new ArrayList<>(options);
    all.add("-Dquarkus.http.port=" + port);
    all.add("-Dquarkus.management.port=" + managementPort);
    List<String> line = line(program, all);
    line.addAll(List.of(arguments));
    if (ignoresInterrupts()) {
      line.addAll(0, List.of("env", "--default-signal=INT"));
    }
    Path out = Files.createTempFile(directory, "out", ".txt");
    Path err = Files.createTempFile(directory, "err", ".txt");
    ProcessBuilder builder = new ProcessBuilder(line).directory(directory.toFile());
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", System.getenv("PATH"));
    // on a busy machine Vert.x adds an exception to its warning of a thread that got no processor
    builder.environment().put("QUARKUS_VERTX_WARNING_EXCEPTION_TIME", "1M");
    builder.environment().putAll(environment);
    return new ServiceProcess(builder.start(), port, managementPort, out, err);
  }

  /** A shell without job control has its background jobs ignore SIGINT, and what they start. */
  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
            .anyMatch(mask -> (mask & 0b10) != 0);
  }

  /** Waits until it serves on a database that has its schema. */
  public ServiceProcess awaitReady() {
    try {
      Timeouts.await()
          .pollInterval(Duration.ofMillis(100))
          .ignoreExceptions()
          .failFast("it has ended", () -> !process.isAlive())
          .until(() -> get("/q/health/ready") == 200);
      return this;
    } catch (ConditionTimeoutException | TerminalFailureException e) {
      throw new AssertionError("not ready; it printed: " + out() + err(), e);
    }
  }

  /** The status of a GET. */
  public int get(String path) throws IOException, InterruptedException {
    return ask(path).statusCode();
  }

  /** The answer to a GET, of health and metrics too, wherever this build has them. */
  public HttpResponse<String> ask(String path) throws IOException, InterruptedException {
    int asked = path.startsWith("/q/") ? managementPort : port;
    URI uri = URI.create("http://localhost:" + asked + path);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build();
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(request, HttpResponse.BodyHandlers.ofString());
  }

  /** Where health and metrics are. */
  public int managementPort() {
    return managementPort;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Waits for its end and gives its exit status. */
  public int awaitExit() throws InterruptedException {
    if (!process.waitFor(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("still running: " + out());
    }
    return process.exitValue();
  }

  public long pid() {
    return process.pid();
  }

  /** Asks it to end, as kubelet or Ctrl-C does. */
  public void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
  }

  /** Ends it at once, in the middle of whatever it does; waits for its end. */
  public void kill() {
    process.destroyForcibly();
    try {
      process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public String out() {
    return read(out);
  }

  /**
   * Fails if a line of its output has one of the words. The lines are in the failure's first line,
   * where a report that is cut short still shows them.
   */
  public void assertNotLogged(String... words) {
    List<String> lines =
        out().lines().filter(line -> Stream.of(words).anyMatch(line::contains)).toList();
    assertThat(lines).as("logged: %s", lines).isEmpty();
  }

  public String err() {
    return read(err);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
