package io.zerodowntime.migration;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the three feature flags of one instance ask for. They are a request; what counts is the
 * effective phase in the database.
 */
public record Flags(boolean dualWrite, boolean writeToNew, boolean readFromNew) {
  public static final String DUAL_WRITE = "DUAL_WRITE";
  public static final String WRITE_TO_NEW = "WRITE_TO_NEW";
  public static final String READ_FROM_NEW = "READ_FROM_NEW";

  /**
   * Reads the flags by their names.
   *
   * @param values {@code true} or {@code false} in any case, blanks around them allowed
   * @throws IllegalArgumentException if a value is anything else or absent, naming the flag
   */
  public static Flags of(Map<String, String> values) {
    return new Flags(
        parse(DUAL_WRITE, values), parse(WRITE_TO_NEW, values), parse(READ_FROM_NEW, values));
  }

  /** The flags that ask for this phase; in phase 0, which any value allows, DUAL_WRITE is false. */
  public static Flags of(Phase phase) {
    return new Flags(phase.writesOld() && phase.writesNew(), phase.writesNew(), phase.readsNew());
  }

  /**
   * The flags by their names, in an order in which they can be written one by one: no set between
   * neighbouring phases is one that is refused.
   */
  public List<Map.Entry<String, Boolean>> inOrderOfWriting() {
    List<Map.Entry<String, Boolean>> flags =
        new ArrayList<>(
            List.of(
                Map.entry(DUAL_WRITE, dualWrite),
                Map.entry(WRITE_TO_NEW, writeToNew),
                Map.entry(READ_FROM_NEW, readFromNew)));
    if (!writeToNew) {
      Collections.reverse(flags);
    }
    return flags;
  }

  /**
   * The phase that this combination asks for.
   *
   * @throws IllegalArgumentException if it asks for none, saying why
   */
  public Phase phase() {
    if (!writeToNew && readFromNew) {
      throw new IllegalArgumentException(
          "READ_FROM_NEW without WRITE_TO_NEW would read a column that no instance writes");
    }
    if (!writeToNew) {
      return Phase.EXPAND;
    }
    if (dualWrite) {
      return readFromNew ? Phase.READ_NEW : Phase.DUAL_WRITE;
    }
    if (!readFromNew) {
      throw new IllegalArgumentException(
          "WRITE_TO_NEW alone, with reads on the old column, would lose every write");
    }
    return Phase.CONTRACT;
  }

  private static boolean parse(String flag, Map<String, String> values) {
    String given = values.get(flag);
    if (given == null) {
      throw new IllegalArgumentException(flag + " is missing");
    }
    String value = given.strip().toLowerCase(Locale.ROOT);
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new IllegalArgumentException(
              flag + " is \"" + abbreviate(value) + "\": true or false is needed");
    };
  }

  private static String abbreviate(String value) {
    return value.length() <= 20 ? value : value.substring(0, 20) + "...";
  }
}
