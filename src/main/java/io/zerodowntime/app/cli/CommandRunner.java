package io.zerodowntime.app.cli;

import io.quarkus.arc.All;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Runs the command that the first argument names, on the main thread, and gives its status. */
@Singleton
@Unremovable
public class CommandRunner implements QuarkusApplication {
  private static final Logger LOG = Logger.getLogger(CommandRunner.class);
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private final Transactions transactions;
  private final List<Command> commands;
  private volatile String running = "";
  private volatile boolean stopped;

  CommandRunner(
      @Identifier(DatabasePools.CONTROL) Transactions transactions, @All List<Command> commands) {
    this.transactions = transactions;
    this.commands = commands;
  }

  @Override
  public int run(String... arguments) {
    List<String> words = Arrays.asList(arguments);
    Optional<Command> command =
        commands.stream().filter(known -> known.name().equals(words.get(0))).findFirst();
    if (command.isEmpty()) {
      System.err.println("no command is called " + words.get(0));
      return USAGE;
    }
    running = words.get(0);
    try {
      List<String> rest = words.subList(1, words.size());
      // each command goes on where it stopped, so one that found no connection free begins anew,
      // for 8 s at most. The wait is for all of its work: statements have their own bounds, and a
      // signal ends it
      return transactions.<Integer>once(() -> command.get().run(rest)).await().indefinitely();
    } catch (RuntimeException e) {
      LOG.debugf(e, "%s failed", words.get(0));
      if (!stopped) {
        System.err.println(words.get(0) + " failed: " + e.getMessage());
      }
      return FAILED;
    } finally {
      running = "";
    }
  }

  /** A signal ends the database clients under a command; what fails then is expected. */
  void stop(@Observes ShutdownEvent event) {
    if (!running.isEmpty()) {
      stopped = true;
      System.err.println(
          running + " stopped: what it committed stays, and the same command goes on from there");
    }
  }
}
