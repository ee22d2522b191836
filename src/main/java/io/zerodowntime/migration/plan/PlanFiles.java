package io.zerodowntime.migration.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Writes changelog files. What was released is never edited: a file that differs stays. */
public final class PlanFiles {
  private PlanFiles() {}

  /**
   * Writes the files that are not there yet; blocking.
   *
   * @return the names of those written, in order
   * @throws IOException if a file is there and differs, which it names, or cannot be written; in
   *     the first case nothing was written
   */
  public static List<String> write(Path directory, List<PlanFile> files) throws IOException {
    List<PlanFile> missing = new ArrayList<>();
    List<String> differing = new ArrayList<>();
    for (PlanFile file : files) {
      Path path = directory.resolve(file.name());
      if (!Files.exists(path)) {
        missing.add(file);
      } else if (!Files.readString(path).equals(file.text())) {
        differing.add(file.name());
      }
    }
    if (!differing.isEmpty()) {
      throw new IOException(
          ("%s: %s differ from the plan, and changesets that were released are never edited: nothing"
                  + " was written; add a file of your own for a change, or delete those that no"
                  + " database has run")
              .formatted(directory, String.join(", ", differing)));
    }
    Files.createDirectories(directory);
    for (PlanFile file : missing) {
      write(directory, file);
    }
    return missing.stream().map(PlanFile::name).toList();
  }

  /** Whole or not at all: a run that reads the directory meanwhile finds no half file. */
  private static void write(Path directory, PlanFile file) throws IOException {
    Path half = directory.resolve("." + file.name());
    try {
      Files.writeString(half, file.text());
      Files.move(half, directory.resolve(file.name()), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(half);
    }
  }
}
