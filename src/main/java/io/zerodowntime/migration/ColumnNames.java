package io.zerodowntime.migration;

import java.util.List;

/** Names of one or several columns in a sentence for operators. */
public final class ColumnNames {
  private ColumnNames() {}

  /**
   * The names with what is said of them, for example {@code status exists} or {@code first_name and
   * last_name exist}.
   *
   * @param names one at least
   * @param ofOne the rest of the sentence where there is one name
   * @param ofSeveral the same where there are more
   */
  public static String say(List<String> names, String ofOne, String ofSeveral) {
    int last = names.size() - 1;
    return last == 0
        ? names.get(0) + " " + ofOne
        : "%s and %s %s"
            .formatted(String.join(", ", names.subList(0, last)), names.get(last), ofSeveral);
  }

  /** Which columns a repair copies, for example {@code status wins}. */
  public static String wins(List<String> names) {
    return say(names, "wins", "win");
  }
}
