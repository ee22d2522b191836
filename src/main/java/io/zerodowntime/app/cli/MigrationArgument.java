package io.zerodowntime.app.cli;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;

/** Which migration a command is about. */
final class MigrationArgument {
  private MigrationArgument() {}

  /**
   * The one that the command line names; without one, the only one there is.
   *
   * @throws IllegalArgumentException if there are several and none is named
   */
  static Migration of(Migrations migrations, CommandArguments arguments) {
    if (arguments.migration().isPresent()) {
      return migrations.named(arguments.migration().get());
    }
    if (migrations.all().size() != 1) {
      throw new IllegalArgumentException(
          "name one of " + migrations.all().stream().map(Migration::name).toList());
    }
    return migrations.all().get(0);
  }
}
