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
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Runs the command that the first argument names, on the main thread, and gives its status. */
@Singleton
@Unremovable
public class CommandRunner implements QuarkusApplication {
  private static final Logger LOG = Logger.getLogger(CommandRunner.class);
  private static final int FAILED = 1;

  private final Transactions transactions;
  private final List<Command> commands;
  private volatile @Nullable Command running;
  private volatile boolean stopped;

  CommandRunner(
      @Identifier(DatabasePools.CONTROL) Transactions transactions, @All List<Command> commands) {
    this.transactions = transactions;
    this.commands = commands;
  }

  @Override
  public int run(String... arguments) {
    CommandArguments given = new CommandSyntax("").arguments(arguments);
    Command command =
        commands.stream()
            .filter(known -> known.name().equals(given.command()))
            .findFirst()
            .orElseThrow();
    running = command;
    try {
      // each command goes on where it stopped, so one that found no connection free begins anew,
      // for 8 s at most. The wait is for all of its work: statements have their own bounds, and a
      // signal ends it
      return transactions.<Integer>once(() -> command.run(given)).await().indefinitely();
    } catch (RuntimeException e) {
      LOG.debugf(e, "%s failed", given.command());
      if (!stopped) {
        System.err.println(given.command() + " failed: " + e.getMessage());
      }
      return FAILED;
    } finally {
      running = null;
    }
  }

  /** A signal ends the database clients under a command; what fails then is expected. */
  void stop(@Observes ShutdownEvent event) {
    Command command = running;
    stopped = command != null;
    if (command != null && command.changes()) {
      System.err.println(
          command.name()
              + " stopped: what it committed stays, and the same command goes on from there");
    }
  }
}
