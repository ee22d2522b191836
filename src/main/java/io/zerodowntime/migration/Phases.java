package io.zerodowntime.migration;

import java.util.Map;
import java.util.Map.Entry;

/**
 * The phases of several migrations, as one snapshot showed them: what chooses the variant of a
 * statement that all of them fence.
 *
 * @param byName each phase under the name of its migration
 */
public record Phases(Map<String, Phase> byName) {

  public Phases {
    byName = Map.copyOf(byName);
  }

  /**
   * The phase of one of the migrations.
   *
   * @throws IllegalArgumentException if the migration is not one of them
   */
  public Phase of(Migration migration) {
    Phase phase = byName.get(migration.name());
    if (phase == null) {
      throw new IllegalArgumentException(migration.name() + " is none of " + byName.keySet());
    }
    return phase;
  }

  /** Whether readers are given the same columns in these phases as in the others. */
  public boolean readsAs(Phases others) {
    return byName.keySet().equals(others.byName.keySet())
        && byName.entrySet().stream().allMatch(each -> readsAs(each, others));
  }

  private static boolean readsAs(Entry<String, Phase> each, Phases others) {
    Phase other = others.byName.get(each.getKey());
    return other != null && other.readsNew() == each.getValue().readsNew();
  }
}
