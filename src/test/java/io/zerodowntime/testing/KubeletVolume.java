package io.zerodowntime.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A ConfigMap volume, written step by step as the kubelet's AtomicWriter does. Programs see the
 * links {@code name -> ..data/name}, {@code ..data} points to a time-stamped directory, and a new
 * version comes into force by the rename of one link. Links of new keys come after it, links of
 * removed keys and the directory of the old version go last.
 */
public final class KubeletVolume {
  private static final String DATA = "..data";
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("'..'yyyy_MM_dd_HH_mm_ss'.'");

  private final Path target;

  /**
   * @param target the directory that is mounted; it exists
   */
  public KubeletVolume(Path target) {
    this.target = target;
  }

  public Path directory() {
    return target;
  }

  /** Brings the volume to this content, as one sync of the pod does. */
  public void write(Map<String, String> payload) throws IOException {
    Optional<Path> old = version();
    Set<String> removed = old.isPresent() ? new HashSet<>(names(old.get())) : new HashSet<>();
    removed.removeAll(payload.keySet());
    boolean write = old.isEmpty() || !removed.isEmpty() || differs(payload, old.get());
    if (write) {
      Path version = newVersion(payload);
      Path link = Files.createSymbolicLink(target.resolve("..data_tmp"), version.getFileName());
      Files.move(link, target.resolve(DATA), StandardCopyOption.ATOMIC_MOVE);
    }
    for (String name : payload.keySet()) {
      if (!Files.exists(target.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
        Files.createSymbolicLink(target.resolve(name), Path.of(DATA, name));
      }
    }
    for (String name : removed) {
      Files.delete(target.resolve(name));
    }
    if (write && old.isPresent()) {
      delete(old.get());
    }
  }

  private Optional<Path> version() throws IOException {
    Path link = target.resolve(DATA);
    return Files.isSymbolicLink(link)
        ? Optional.of(target.resolve(Files.readSymbolicLink(link)))
        : Optional.empty();
  }

  private Path newVersion(Map<String, String> payload) throws IOException {
    String stamp = STAMP.format(LocalDateTime.now(ZoneOffset.UTC));
    Path version = Files.createTempDirectory(target, stamp);
    for (Map.Entry<String, String> file : payload.entrySet()) {
      Files.writeString(version.resolve(file.getKey()), file.getValue());
    }
    return version;
  }

  private static boolean differs(Map<String, String> payload, Path version) throws IOException {
    for (Map.Entry<String, String> file : payload.entrySet()) {
      Path path = version.resolve(file.getKey());
      if (!Files.exists(path) || !Files.readString(path).equals(file.getValue())) {
        return true;
      }
    }
    return false;
  }

  private static List<String> names(Path version) throws IOException {
    try (Stream<Path> files = Files.list(version)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void delete(Path version) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(version)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.delete(file);
    }
  }
}
