package io.zerodowntime.migration.phase;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** What becomes of a plain directory of flags. */
final class PlainFlags {
  private PlainFlags() {}

  /** All of it goes, as with a volume that is not mounted any more. */
  static void delete(Path tree) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(tree)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.delete(file);
    }
  }

  static void write(Path directory, String name, String value) {
    try {
      Files.writeString(directory.resolve(name), value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
