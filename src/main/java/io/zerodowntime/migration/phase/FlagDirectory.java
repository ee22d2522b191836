package io.zerodowntime.migration.phase;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads flag files such that all come from one version of the directory.
 *
 * <p>The kubelet keeps the files in a time-stamped directory, lets {@code ..data} point to it, and
 * replaces that link by a rename; reading through the resolved link gives one version. In a plain
 * directory files change one by one; there two readings in a row must agree.
 */
final class FlagDirectory {
  private static final int MAX_READINGS = 10;
  private static final int MAX_BYTES = 64;

  private final Path directory;

  FlagDirectory(Path directory) {
    this.directory = directory;
  }

  /**
   * The content of those of {@code names} that exist.
   *
   * @throws IOException if the directory cannot be read, or changes under every reading
   */
  Map<String, String> read(List<String> names) throws IOException {
    IOException reason = new IOException(directory + " changes under every reading");
    Reading last = null;
    for (int i = 0; i < MAX_READINGS; i++) {
      try {
        Reading next = reading(names);
        if (next.equals(last)) {
          return next.values();
        }
        last = next;
      } catch (NoSuchFileException replaced) {
        // the kubelet deletes a version right after the swap
        reason = replaced;
      }
    }
    throw reason;
  }

  private Reading reading(List<String> names) throws IOException {
    Path link = directory.resolve("..data");
    Path version = Files.exists(link) ? link.toRealPath() : directory.toRealPath();
    Map<String, String> values = new HashMap<>();
    for (String name : names) {
      Path file = version.resolve(name);
      if (Files.exists(file)) {
        values.put(name, content(file));
      }
    }
    return new Reading(version, values);
  }

  private static String content(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
    }
  }

  private record Reading(Path version, Map<String, String> values) {}
}
