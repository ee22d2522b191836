package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;
import java.util.List;

/** What the program does instead of serving, once, before it exits. Implementations are beans. */
public interface Command {

  /** The word that the command line calls it by, for example {@code backfill}. */
  String name();

  /**
   * Does the work.
   *
   * @param arguments what follows the name on the command line
   * @return the exit status of the program
   */
  Uni<Integer> run(List<String> arguments);
}
