package io.zerodowntime.db;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A password file of libpq: lines {@code host:port:database:user:password}. The first line that
 * fits counts, {@code *} fits everything, a backslash takes the next letter as it is, and a line
 * that begins with {@code #} is a comment.
 */
final class PassFile {
  private static final String WHAT = "the password file";
  private static final int FIELDS = 4;

  private PassFile() {}

  /**
   * Reads the file anew. Blocking.
   *
   * @return the password; empty if no line fits
   * @throws IllegalArgumentException if it cannot be read or others may read it
   */
  static Optional<String> password(Path file, DatabaseHost host, String database, String user) {
    SecretFile.requireOwnerOnly(WHAT, file);
    List<String> wanted = List.of(host.name(), String.valueOf(host.port()), database, user);
    return SecretFile.read(WHAT, file)
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(PassFile::fields)
        .filter(fields -> fits(fields, wanted))
        .map(fields -> fields.get(FIELDS).text())
        .findFirst();
  }

  private static boolean fits(List<Field> fields, List<String> wanted) {
    if (fields.size() <= FIELDS || fields.get(FIELDS).text().isEmpty()) {
      return false;
    }
    for (int index = 0; index < FIELDS; index++) {
      Field field = fields.get(index);
      if (!field.any() && !field.text().equals(wanted.get(index))) {
        return false;
      }
    }
    return true;
  }

  /** The last one, the password, may hold colons. */
  private static List<Field> fields(String line) {
    List<Field> fields = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    boolean escaped = false;
    int begin = 0;
    for (int at = 0; at < line.length(); at++) {
      char letter = line.charAt(at);
      if (!escaped && letter == '\\' && at + 1 < line.length()) {
        escaped = true;
      } else if (!escaped && letter == ':' && fields.size() < FIELDS) {
        fields.add(new Field(text.toString(), line.substring(begin, at).equals("*")));
        text.setLength(0);
        begin = at + 1;
      } else {
        text.append(letter);
        escaped = false;
      }
    }
    fields.add(new Field(text.toString(), false));
    return fields;
  }

  /**
   * One field of a line.
   *
   * @param any whether it fits everything
   */
  private record Field(String text, boolean any) {}
}
