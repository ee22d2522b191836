package io.zerodowntime.migration;

import java.util.List;
import java.util.stream.Stream;

/**
 * Takes a few migrations at a time, each in turn, so that what is done for them costs no more
 * however many there are. Thread-safe.
 */
public final class Rotation {
  private final int atOnce;
  private String last = "";

  /**
   * @param atOnce how many are taken at most
   */
  public Rotation(int atOnce) {
    this.atOnce = atOnce;
  }

  /**
   * The next ones: all, if they are few, and else those that follow the last one that was taken.
   *
   * @param among in the order of their names; may be others each time
   */
  public synchronized List<Migration> next(List<Migration> among) {
    List<Migration> taken =
        Stream.concat(
                among.stream().filter(each -> each.name().compareTo(last) > 0),
                among.stream().filter(each -> each.name().compareTo(last) <= 0))
            .limit(atOnce)
            .toList();
    if (!taken.isEmpty()) {
      last = taken.get(taken.size() - 1).name();
    }
    return taken;
  }
}
