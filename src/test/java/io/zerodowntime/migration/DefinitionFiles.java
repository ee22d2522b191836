package io.zerodowntime.migration;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Definitions as the program reads them, for tests of other packages. */
public final class DefinitionFiles {
  private DefinitionFiles() {}

  /** The migrations that a file defines, in the order of their names. */
  public static List<Migration> read(Path file) {
    return Definitions.read(Optional.of(file.toString()));
  }
}
