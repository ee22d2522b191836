package io.zerodowntime.db;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the password comes from. The first of these that is there counts: the URL, a file with
 * nothing but the password, a password file of libpq. Files are read again for each new connection,
 * so a password that changes needs no restart.
 *
 * @param given what the URL says
 * @param file what {@code DATABASE_PASSWORD_FILE} names
 * @param passFile what the URL or {@code PGPASSFILE} names
 */
public record DatabasePassword(
    Optional<String> given, Optional<Path> file, Optional<Path> passFile) {
  private static final String WHAT = "DATABASE_PASSWORD_FILE";

  /** Whether a file has to be read for each connection. */
  public boolean isInFile() {
    return given.isEmpty() && (file.isPresent() || passFile.isPresent());
  }

  /**
   * The password for a login; blocking if {@link #isInFile}.
   *
   * @return empty if there is none
   * @throws IllegalArgumentException if a file cannot be read or others may read a file of libpq;
   *     the message never holds a password
   */
  public Optional<String> of(DatabaseHost host, String database, String user) {
    if (given.isPresent()) {
      return given;
    }
    return file.isPresent()
        ? file.map(DatabasePassword::text)
        : passFile.flatMap(path -> PassFile.password(path, host, database, user));
  }

  /** Editors and shells end a file with a line's end, which is no part of the password. */
  private static String text(Path file) {
    String text = SecretFile.read(WHAT, file).replaceAll("[\r\n]+$", "");
    if (text.isEmpty()) {
      throw new IllegalArgumentException(WHAT + " " + file + " is empty");
    }
    return text;
  }

  /** Files that count where the URL says nothing. */
  DatabasePassword orElse(Optional<Path> otherFile, Optional<Path> otherPassFile) {
    return new DatabasePassword(given, file.or(() -> otherFile), passFile.or(() -> otherPassFile));
  }
}
