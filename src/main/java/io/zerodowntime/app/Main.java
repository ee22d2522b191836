package io.zerodowntime.app;

import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.util.ExceptionUtil;
import io.zerodowntime.app.cli.CommandRunner;
import io.zerodowntime.app.embedded.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.Security;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The program: serves, or runs one command and exits with its status. */
@QuarkusMain
public final class Main {
  private static final String SERVE = "serve";
  // for those who build an image, not for those who use it: --help does not show it
  private static final String TRAIN = "train";
  private static final List<String> COMMANDS =
      List.of("plan", "expand", "backfill", "verify", "status", "contract");

  /** A resource, as a native executable has no manifest to ask. */
  private static final String BUILD = "/zerodowntime.properties";

  private static final int USAGE = 2;
  private static final String IN_USE = "Address already in use";
  private static final String HELP =
      """
      usage: zerodowntime [command] [migration]

        serve      serves orders and migrations on port 3000 (the default)
        plan       shows a migration's schema changes, locks and estimates; --write DIR writes them
        expand     applies every schema change that is due
        backfill   works on the backfill until it is complete
        verify     compares the old and the new columns of every row
        status     shows where every migration stands
        contract   drops the old columns once every gate is open
        --help     shows this
        --version  shows the version

      DATABASE_URL=postgresql://user:password@host:port/database names the PostgreSQL server, 14 to
      18, a managed one too; servers that only speak its protocol (YugabyteDB, CockroachDB, Aurora
      DSQL, Redshift, Greenplum, ...) are refused. Without it an embedded one keeps its data in
      .zerodowntime below the working directory.
      """;

  Main() {}

  /** The first argument names the command; the others belong to it. */
  public static void main(String... arguments) {
    // the JVM remembers for 10 s that a name was not found: a database is back sooner. It reads
    // this once, when the first logger asks for the host's name
    Security.setProperty("networkaddress.cache.negative.ttl", "1");
    String command = arguments.length == 0 ? SERVE : arguments[0];
    switch (command) {
      case SERVE -> run(null, arguments);
      case TRAIN -> {
        Bootstrap.prepareTraining();
        run(null);
      }
      case "--help", "-h", "help" -> System.out.print(HELP);
      case "--version" -> System.out.println("zerodowntime " + version());
      default -> {
        if (COMMANDS.contains(command)) {
          Bootstrap.prepareCommand();
          run(CommandRunner.class, arguments);
        } else {
          exit("unknown command " + command + ": --help shows those that exist");
        }
      }
    }
  }

  private static void run(@Nullable Class<CommandRunner> application, String... arguments) {
    try {
      Bootstrap.prepare();
    } catch (StartException e) {
      exit(String.valueOf(e.getMessage()));
      return;
    }
    if (LaunchMode.current().isDev()) {
      Quarkus.run(application, arguments);
    } else {
      Quarkus.run(application, Main::ended, arguments);
    }
  }

  /** What a user can fix is said in one line, the rest with its stack trace. */
  private static void ended(int status, Throwable failure) {
    Optional<String> fixable = fixable(failure);
    Throwable cause = failure == null ? null : ExceptionUtil.getRootCause(failure);
    if (cause instanceof IOException && String.valueOf(cause.getMessage()).contains(IN_USE)) {
      System.err.println(
          "the HTTP port is in use: stop what listens there, or set QUARKUS_HTTP_PORT");
    } else if (fixable.isPresent()) {
      System.err.println(fixable.get());
    } else if (cause != null) {
      Logger.getLogger(Main.class).error("cannot start", failure);
    }
    ApplicationLifecycleManager.getDefaultExitCodeHandler().accept(status, failure);
  }

  /** The first failure of the chain that was written for the user; its own cause says no more. */
  private static Optional<String> fixable(@Nullable Throwable failure) {
    return Stream.<Throwable>iterate(failure, Objects::nonNull, Throwable::getCause)
        .filter(each -> each instanceof ConfigurationException || each instanceof StartException)
        .map(Throwable::getMessage)
        .findFirst();
  }

  private static void exit(String reason) {
    discardEarlyLog();
    System.err.println(reason);
    System.exit(USAGE);
  }

  /** What was logged before the boot waits for its handlers; unread, it would bury the reason. */
  private static void discardEarlyLog() {
    Handler handler = InitialConfigurator.createDefaultHandler();
    handler.setLevel(Level.OFF);
    InitialConfigurator.DELAYED_HANDLER.setHandlers(new Handler[] {handler});
  }

  private static String version() {
    try (InputStream file = Main.class.getResourceAsStream(BUILD)) {
      Properties build = new Properties();
      build.load(Objects.requireNonNull(file, BUILD));
      return build.getProperty("version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
