package io.zerodowntime.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** One migration's flags in the directory that all instances read them from. */
final class FlagFiles {
  private final Path directory;
  private final String prefix;
  private int versions;

  /** The flags of the primary migration. */
  FlagFiles(Path directory) {
    this(directory, "");
  }

  /** The flags of this migration alone. */
  static FlagFiles of(Path directory, String migration) {
    return new FlagFiles(directory, migration + ".");
  }

  private FlagFiles(Path directory, String prefix) {
    this.directory = directory;
    this.prefix = prefix;
  }

  Path directory() {
    return directory;
  }

  /** Edits the files one by one, as a person does. */
  void edit(int phase) throws IOException {
    for (Map.Entry<String, String> flag : flags(phase).entrySet()) {
      Files.writeString(directory.resolve(flag.getKey()), flag.getValue() + "\n");
    }
  }

  /** Lays out a new version beside the old one and swaps the {@code ..data} link, as kubelet. */
  void swap(int phase) throws IOException {
    Path version = Files.createDirectory(directory.resolve("..version_" + versions++));
    for (Map.Entry<String, String> flag : flags(phase).entrySet()) {
      Files.writeString(version.resolve(flag.getKey()), flag.getValue());
    }
    Path link = directory.resolve("..data_tmp");
    Files.createSymbolicLink(link, version.getFileName());
    Files.move(link, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  // in this order no two neighbouring phases have an illegal set between them
  private Map<String, String> flags(int phase) {
    Map<String, String> flags = new LinkedHashMap<>();
    flags.put(prefix + "DUAL_WRITE", String.valueOf(phase == 1 || phase == 2));
    flags.put(prefix + "WRITE_TO_NEW", String.valueOf(phase >= 1));
    flags.put(prefix + "READ_FROM_NEW", String.valueOf(phase >= 2));
    return flags;
  }
}
