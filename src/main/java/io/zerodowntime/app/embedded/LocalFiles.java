package io.zerodowntime.app.embedded;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** The files that a first run makes up, and later ones find again. */
public final class LocalFiles {
  private static final int PASSWORD_BYTES = 18;
  private static final Set<PosixFilePermission> OWNER_DIRECTORY =
      PosixFilePermissions.fromString("rwx------");

  private LocalFiles() {}

  /**
   * One file per flag, which says {@code false} where it did not exist.
   *
   * @return the directory of the files, absolute
   */
  public static Path flags(Path directory, List<String> names) throws IOException {
    Path flags = Files.createDirectories(directory.resolve("flags")).toAbsolutePath();
    for (String name : names) {
      Path file = flags.resolve(name);
      if (!Files.exists(file)) {
        Files.writeString(file, "false\n");
      }
    }
    return flags;
  }

  /** Where {@link #operatorPassword} keeps it. */
  public static Path operatorPasswordFile(Path directory) {
    return directory.resolve("operator-password").toAbsolutePath();
  }

  /** The operator's password of an earlier run, or a new one. */
  public static String operatorPassword(Path directory) throws IOException {
    return password(operatorPasswordFile(directory));
  }

  /** Where {@link #databasePassword} keeps it. */
  static Path databasePasswordFile(Path directory) {
    return directory.resolve("database-password");
  }

  /** The password of the embedded database of an earlier run, or a new one. */
  static String databasePassword(Path directory) throws IOException {
    return password(databasePasswordFile(directory));
  }

  /** What the file holds, or a new random password; only this user can read the file. */
  private static String password(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    if (!Files.exists(file)) {
      Files.createFile(file, onlyOwner(file));
    }
    String password = Files.readString(file).strip();
    if (password.isEmpty()) {
      password = random();
      Files.writeString(file, password + "\n");
    }
    return password;
  }

  /**
   * A directory that only this user can enter, below one that every user can write to.
   *
   * @throws IOException if there is something else of this name, or it is not this user's alone
   */
  public static Path privateDirectory(Path directory) throws IOException {
    if (!isPosix(directory)) {
      return Files.createDirectories(directory);
    }
    try {
      return Files.createDirectory(
          directory, PosixFilePermissions.asFileAttribute(OWNER_DIRECTORY));
    } catch (FileAlreadyExistsException e) {
      return requireOwn(directory);
    }
  }

  private static Path requireOwn(Path directory) throws IOException {
    PosixFileAttributes found =
        Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    Path mine = Files.createTempFile("owner", "");
    try {
      if (!found.isDirectory()
          || !found.owner().equals(Files.getOwner(mine))
          || !found.permissions().equals(OWNER_DIRECTORY)) {
        throw new IOException(
            directory
                + " must be a directory of this user alone (0700), and is "
                + described(found));
      }
      return directory;
    } finally {
      Files.delete(mine);
    }
  }

  private static String described(PosixFileAttributes found) {
    return (found.isDirectory() ? "a directory of " : "a file of ")
        + found.owner().getName()
        + " with "
        + PosixFilePermissions.toString(found.permissions());
  }

  private static String random() {
    byte[] bytes = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().encodeToString(bytes);
  }

  private static FileAttribute<?>[] onlyOwner(Path file) {
    return isPosix(file)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean isPosix(Path file) {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix");
  }
}
