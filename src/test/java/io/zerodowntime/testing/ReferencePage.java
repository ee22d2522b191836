package io.zerodowntime.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The tables of a page in Markdown, by the head of their first column. */
public final class ReferencePage {
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  private final List<String> lines;

  private ReferencePage(List<String> lines) {
    this.lines = lines;
  }

  public static ReferencePage read(Path file) {
    try {
      return new ReferencePage(Files.readAllLines(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rows of every table whose first column has this head, as their cells. */
  public Stream<List<String>> rows(String head) {
    List<List<String>> rows = new ArrayList<>();
    boolean inside = false;
    for (String line : lines) {
      if (line.startsWith("| " + head + " |")) {
        inside = true;
      } else if (!line.startsWith("|")) {
        inside = false;
      } else if (inside && !line.startsWith("|---")) {
        rows.add(cells(line));
      }
    }
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("no table begins with the column " + head);
    }
    return rows.stream();
  }

  private static List<String> cells(String line) {
    String[] cells = line.substring(1).split("\\|", -1);
    return Arrays.stream(cells).limit(cells.length - 1L).map(String::strip).toList();
  }

  /** What stands between backticks in the first column of these tables. */
  public Stream<String> codes(String head) {
    return rows(head).flatMap(row -> inside(row.get(0)).stream());
  }

  /** What stands between backticks. */
  public static List<String> inside(String cell) {
    return CODE.matcher(cell).results().map(code -> code.group(1)).toList();
  }

  /** The first that stands between backticks. */
  public static String code(String cell) {
    return CODE.matcher(cell)
        .results()
        .map((MatchResult code) -> code.group(1))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("nothing between backticks in " + cell));
  }
}
