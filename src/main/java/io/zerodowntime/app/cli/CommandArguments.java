package io.zerodowntime.app.cli;

import java.util.Optional;

/**
 * What the command line says.
 *
 * @param command the word that names the command
 * @param migration the name of a migration; empty if none is given
 * @param write the directory that {@code plan} writes to; empty if it only prints
 * @param json print for programs
 * @param watch print again each second until a signal comes
 */
record CommandArguments(
    String command,
    Optional<String> migration,
    Optional<String> write,
    boolean json,
    boolean watch) {

  static CommandArguments of(String command) {
    return new CommandArguments(command, Optional.empty(), Optional.empty(), false, false);
  }
}
