package io.zerodowntime.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/** The files that a first run makes up, and later ones find again. */
final class StartFiles {
  private static final int PASSWORD_BYTES = 18;

  private StartFiles() {}

  /**
   * One file per flag, which says {@code false} where it did not exist.
   *
   * @return the directory of the files, absolute
   */
  static Path flags(Path directory, List<String> names) throws IOException {
    Path flags = Files.createDirectories(directory.resolve("flags")).toAbsolutePath();
    for (String name : names) {
      Path file = flags.resolve(name);
      if (!Files.exists(file)) {
        Files.writeString(file, "false\n");
      }
    }
    return flags;
  }

  /** The password of an earlier run, or a new random one that only this user can read. */
  static String operatorPassword(Path directory) throws IOException {
    Path file = Files.createDirectories(directory).resolve("operator-password");
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

  private static String random() {
    byte[] bytes = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().encodeToString(bytes);
  }

  private static FileAttribute<?>[] onlyOwner(Path file) {
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }
}
