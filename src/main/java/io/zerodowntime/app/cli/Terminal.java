package io.zerodowntime.app.cli;

import java.io.Console;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where the standard output goes: a terminal, or a file or pipe that a program reads. Not static,
 * as a native image keeps what is.
 *
 * @param interactive whether lines may be drawn over
 * @param coloured whether colours may be used; not if {@code NO_COLOR} is set (no-color.org)
 */
record Terminal(boolean interactive, boolean coloured) {
  private static final String ESCAPE = "\u001b[";
  // of Unicode's private use area: no text of others needs them
  private static final String PLAIN = "\uE000";
  private static final String GOOD = "\uE001";
  private static final String BAD = "\uE002";
  private static final String STRONG = "\uE003";
  private static final Map<String, String> COLOURS =
      Map.of(PLAIN, "0", GOOD, "32", BAD, "31;1", STRONG, "1");

  /** As this process finds it. Main chooses the console that is null without a terminal. */
  @SuppressWarnings("SystemConsoleNull")
  static Terminal found() {
    Console console = System.console();
    boolean interactive = console != null && !"dumb".equals(System.getenv("TERM"));
    boolean refused =
        Optional.ofNullable(System.getenv("NO_COLOR")).filter(v -> !v.isEmpty()).isPresent();
    return new Terminal(interactive, interactive && !refused);
  }

  /** Clears the screen, where there is one. */
  String clear() {
    return interactive ? ESCAPE + "H" + ESCAPE + "J" : "";
  }

  /** Draws the next line over this one. */
  String over() {
    return "\r" + ESCAPE + "K";
  }

  /** Marks what is as it should be; {@link #line} makes a colour of the mark. */
  static String good(String text) {
    return GOOD + text + PLAIN;
  }

  /** Marks what the reader has to look at. */
  static String bad(String text) {
    return BAD + text + PLAIN;
  }

  /** Marks what the eye looks for. */
  static String strong(String text) {
    return STRONG + text + PLAIN;
  }

  /**
   * A line with its colours, if this terminal has them. Control characters, such as those in the
   * name of a client's application, become question marks: they would steer the terminal.
   */
  String line(String marked) {
    String line = marked.replaceAll("\\p{Cntrl}", "?");
    for (Map.Entry<String, String> mark : COLOURS.entrySet()) {
      line = line.replace(mark.getKey(), coloured ? ESCAPE + mark.getValue() + "m" : "");
    }
    return line;
  }

  /** A bar of 30 characters and a percentage, for a share from 0 to 1. */
  static String bar(double share) {
    int width = 30;
    int filled = (int) (share * width);
    return "[%s%s] %s"
        .formatted(
            "#".repeat(filled),
            ".".repeat(width - filled),
            String.format(Locale.ROOT, "%3.0f %%", Math.floor(share * 100)));
  }
}
