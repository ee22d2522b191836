package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;

/** What the program does instead of serving, once, before it exits. Implementations are beans. */
interface Command {

  /** The word that the command line calls it by, for example {@code backfill}. */
  String name();

  /**
   * Does the work.
   *
   * @param arguments what the command line says
   * @return the exit status of the program
   */
  Uni<Integer> run(CommandArguments arguments);

  /** Whether it changes anything: one that is stopped says what stays of it. */
  default boolean changes() {
    return true;
  }
}
