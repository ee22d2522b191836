package io.zerodowntime.migration.flag;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A directory of flags as the kubelet keeps it: every version beside the others, one link to it.
 */
final class ConfigMap {
  private final Path directory;
  private int version;

  ConfigMap(Path directory) {
    this.directory = directory;
  }

  /** Puts a whole new version in place of the one before, which is deleted at once. */
  void swap(Map<String, String> files) throws IOException {
    Path now = Files.createDirectory(directory.resolve("..2026_01_01_00_00_00." + version++));
    for (Map.Entry<String, String> file : files.entrySet()) {
      Files.writeString(now.resolve(file.getKey()), file.getValue());
    }
    Path link = directory.resolve("..data");
    Path before = Files.exists(link) ? link.toRealPath() : null;
    Path next = Files.createSymbolicLink(directory.resolve("..data_tmp"), now.getFileName());
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    for (String name : files.keySet()) {
      if (!Files.exists(directory.resolve(name))) {
        Files.createSymbolicLink(directory.resolve(name), Path.of("..data", name));
      }
    }
    if (before != null) {
      delete(before);
    }
  }

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
