package io.zerodowntime.app;

import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.LaunchMode;
import io.zerodowntime.app.embedded.EmbeddedDatabase;
import io.zerodowntime.app.embedded.LocalFiles;
import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.DatabaseConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * What happens before the application boots: a database is found or started, and what was left out
 * of the configuration is filled in, as system properties.
 */
public final class Bootstrap {
  /** Where first runs keep everything, below the working directory. */
  public static final Path DIRECTORY = Path.of(".zerodowntime");

  /** The system property that says whether this process works on the embedded database. */
  public static final String EMBEDDED = "zerodowntime.embedded";

  /** The system property that names the file of a made-up password; not set for a given one. */
  public static final String PASSWORD_FILE = "zerodowntime.operator-password.file";

  /** The system property of a run that only loads classes, see {@link AotTraining}. */
  static final String TRAINING = "zerodowntime.training";

  private static final Logger LOG = Logger.getLogger(Bootstrap.class);
  private static final String DATABASE_URL = "DATABASE_URL";
  private static final String DATABASE_DIRECT_URL = "DATABASE_DIRECT_URL";
  private static final String OPERATOR_PASSWORD = "OPERATOR_PASSWORD";
  private static final String FLAGS_DIR = "FLAGS_DIR";
  private static final List<String> FLAGS = List.of("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW");
  private static final Duration APPLICATION_END = Duration.ofSeconds(20);

  private Bootstrap() {}

  /**
   * Blocks until the database can be used.
   *
   * @throws StartException if there is none, with one line that says why
   */
  public static void prepare() {
    Optional<String> url = setting(DATABASE_URL);
    try {
      if (url.isEmpty() && setting(DATABASE_DIRECT_URL).isPresent()) {
        throw new StartException("DATABASE_DIRECT_URL is set, and DATABASE_URL is missing");
      }
      if (url.isEmpty()) {
        startEmbedded();
      } else if (!embedded() && !Boolean.getBoolean(TRAINING)) {
        publish(
            DatabasePreflight.check(
                url.get(),
                setting(DATABASE_DIRECT_URL),
                setting(DatabaseConfig.PASSWORD_FILE),
                setting(DatabaseConfig.PASS_FILE)));
      }
      if ((embedded() || LaunchMode.current().isDev()) && setting(OPERATOR_PASSWORD).isEmpty()) {
        System.setProperty(OPERATOR_PASSWORD, LocalFiles.operatorPassword(DIRECTORY));
        System.setProperty(PASSWORD_FILE, LocalFiles.operatorPasswordFile(DIRECTORY).toString());
      }
    } catch (IOException e) {
      throw new StartException("cannot use " + DIRECTORY.toAbsolutePath() + ": " + e, e);
    }
  }

  /**
   * The quiet form for commands, which end when they are done: nothing listens, nothing is
   * scheduled, and the standard output is the answer's alone.
   */
  public static void prepareCommand() {
    System.setProperty("quarkus.log.console.stderr", "true");
    setUnlessSet("LOG_JSON", "false");
    System.setProperty("quarkus.http.host-enabled", "false");
    System.setProperty("quarkus.management.host-enabled", "false");
    System.setProperty("quarkus.scheduler.enabled", "false");
    System.setProperty("quarkus.oidc.tenant-enabled", "false");
    if (setting("QUARKUS_LOG_LEVEL").isEmpty() && setting("quarkus.log.level").isEmpty()) {
      System.setProperty("quarkus.log.level", "WARN");
    }
  }

  /** For a run that only loads classes: a database that does not exist, and a quiet log. */
  public static void prepareTraining() {
    System.setProperty(TRAINING, "true");
    System.setProperty(DATABASE_URL, "postgresql://nobody@localhost:1/nothing?sslmode=disable");
    System.setProperty("quarkus.http.host", "localhost");
    System.setProperty("quarkus.management.host", "localhost");
    System.setProperty("quarkus.log.level", "OFF");
  }

  private static void publish(DatabasePreflight.Found found) {
    System.setProperty(DatabaseConfig.SSL_MODE, found.sslMode().label());
    System.setProperty(DatabaseConfig.POOLING, found.pooling().name().toLowerCase(Locale.ROOT));
    found
        .directSslMode()
        .ifPresent(mode -> System.setProperty(DatabaseConfig.DIRECT_SSL_MODE, mode.label()));
  }

  private static boolean embedded() {
    return Boolean.getBoolean(EMBEDDED);
  }

  private static void startEmbedded() throws IOException {
    // container images say so: they leave its library out, and their file system is read-only
    if (setting("EMBEDDED_DATABASE").filter("false"::equalsIgnoreCase).isPresent()) {
      throw new StartException(StartException.NO_DATABASE);
    }
    EmbeddedDatabase database = EmbeddedDatabase.start(DIRECTORY);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> closeAfterApplication(database), "embedded-database"));
    System.setProperty(DATABASE_URL, database.url());
    System.setProperty(EMBEDDED, "true");
    setUnlessSet("MIGRATION_AUTO_EXPAND", "true");
    setUnlessSet("MIGRATION_LOCAL_FLAGS", "true");
    setUnlessSet("MIGRATION_SOAK", "0s");
    setUnlessSet("LOG_JSON", "false");
    if (Stream.concat(FLAGS.stream(), Stream.of(FLAGS_DIR)).allMatch(f -> setting(f).isEmpty())) {
      System.setProperty(FLAGS_DIR, LocalFiles.flags(DIRECTORY, FLAGS).toString());
    }
  }

  /** The application may still commit while it stops. */
  private static void closeAfterApplication(EmbeddedDatabase database) {
    long deadline = System.nanoTime() + APPLICATION_END.toNanos();
    try {
      while (ApplicationLifecycleManager.getCurrentApplication() != null
          && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      LOG.debug("interrupted while the application stops", e);
    }
    database.close();
  }

  private static void setUnlessSet(String name, String value) {
    if (setting(name).isEmpty()) {
      System.setProperty(name, value);
    }
  }

  /** As -D or in the environment; blank counts as absent. */
  private static Optional<String> setting(String name) {
    return Optional.ofNullable(System.getProperty(name, System.getenv(name)))
        .filter(value -> !value.isBlank());
  }
}
