package io.zerodowntime.db;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Files with secrets, and the rules of libpq for who else may read them. Blocking. */
final class SecretFile {
  private static final int LONGEST = 65_536;
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWNER_AND_GROUP =
      PosixFilePermissions.fromString("rw-r-----");

  private SecretFile() {}

  /**
   * Reads all of it.
   *
   * @param what names it in the message
   * @throws IllegalArgumentException if it cannot be read or is longer than 64 KiB
   */
  static String read(String what, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LONGEST + 1);
      if (bytes.length > LONGEST) {
        throw new IllegalArgumentException(what + " " + file + " is longer than 64 KiB");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(what + " " + file + " does not exist", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + " " + file + " cannot be read", e);
    }
  }

  /**
   * Refuses a password file that others may read: 0600 or less.
   *
   * @throws IllegalArgumentException if they may
   */
  static void requireOwnerOnly(String what, Path file) {
    require(what, file, EnumSet.noneOf(PosixFilePermission.class), "0600 or less");
  }

  /**
   * Refuses a key that others may read: 0600 or less, or 0640 or less where it belongs to root, as
   * a file of a mounted secret does.
   *
   * @throws IllegalArgumentException if they may
   */
  static void requireKeyMode(String what, Path file) {
    require(
        what,
        file,
        OWNER_AND_GROUP,
        "0600 or less, or 0640 or less if it belongs to root (defaultMode: 0640 of a secret)");
  }

  private static void require(
      String what, Path file, Set<PosixFilePermission> ofRoot, String allowed) {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    try {
      // a file of a mounted secret is a link; what it leads to counts
      PosixFileAttributes found =
          Files.readAttributes(file, PosixFileAttributes.class, new LinkOption[0]);
      Set<PosixFilePermission> more = EnumSet.copyOf(withExecution(found.permissions()));
      more.removeAll(OWNER);
      if (found.owner().getName().equals("root")) {
        more.removeAll(ofRoot);
      }
      if (!more.isEmpty()) {
        throw new IllegalArgumentException(
            "%s %s may be read by others (%s): its mode must be %s"
                .formatted(
                    what, file, PosixFilePermissions.toString(found.permissions()), allowed));
      }
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(what + " " + file + " does not exist", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(what + " " + file + " cannot be read", e);
    }
  }

  /** The owner may have every right; the set is never empty. */
  private static Set<PosixFilePermission> withExecution(Set<PosixFilePermission> found) {
    Set<PosixFilePermission> all = EnumSet.of(PosixFilePermission.OWNER_READ);
    all.addAll(found);
    all.remove(PosixFilePermission.OWNER_EXECUTE);
    return all;
  }
}
