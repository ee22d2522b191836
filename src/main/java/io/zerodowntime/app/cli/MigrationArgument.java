package io.zerodowntime.app.cli;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import java.util.List;

/** Which migration a command is about. */
final class MigrationArgument {
  private MigrationArgument() {}

  /**
   * The one that the first argument names; without one, the only one there is.
   *
   * @throws IllegalArgumentException if there are several and none is named
   */
  static Migration of(Migrations migrations, List<String> arguments) {
    if (!arguments.isEmpty()) {
      return migrations.named(arguments.get(0));
    }
    if (migrations.all().size() != 1) {
      throw new IllegalArgumentException(
          "name one of " + migrations.all().stream().map(Migration::name).toList());
    }
    return migrations.all().get(0);
  }
}
