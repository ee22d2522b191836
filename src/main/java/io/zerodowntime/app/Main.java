package io.zerodowntime.app;

import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.util.ExceptionUtil;
import io.zerodowntime.app.cli.CommandRunner;
import io.zerodowntime.app.cli.CommandSyntax;
import io.zerodowntime.app.embedded.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.Security;
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

  /** A resource, as a native executable has no manifest to ask. */
  private static final String BUILD = "/zerodowntime.properties";

  private static final int USAGE = 2;
  private static final String IN_USE = "Address already in use";

  Main() {}

  /** The first argument names the command; the others belong to it. */
  public static void main(String... arguments) {
    // the JVM remembers for 10 s that a name was not found: a database is back sooner. It reads
    // this once, when the first logger asks for the host's name
    Security.setProperty("networkaddress.cache.negative.ttl", "1");
    String command = arguments.length == 0 ? SERVE : arguments[0];
    if (command.equals(SERVE) && arguments.length < 2) {
      run(null, arguments);
    } else if (command.equals(TRAIN)) {
      Bootstrap.prepareTraining();
      run(null);
    } else {
      runCommand(command.equals("help") ? new String[] {"--help"} : arguments);
    }
  }

  private static void runCommand(String... arguments) {
    // the default console of JDK 22 to 24 is there without a terminal too
    System.setProperty("jdk.console", "java.base");
    try {
      Optional<String> answer = new CommandSyntax(version()).answer(arguments);
      if (answer.isPresent()) {
        System.out.print(answer.get());
        return;
      }
    } catch (IllegalArgumentException e) {
      exit(String.valueOf(e.getMessage()));
      return;
    }
    Bootstrap.prepareCommand();
    run(CommandRunner.class, arguments);
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
