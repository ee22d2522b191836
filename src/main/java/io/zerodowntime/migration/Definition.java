package io.zerodowntime.migration;

import java.util.List;
import java.util.Map;

/**
 * What PostgreSQL says of a migration's definition.
 *
 * @param flaws why it does not take it; empty if it does
 * @param types the SQL types of the columns that it names, by name: of those that exist, else as
 *     stated, else of their expressions; complete where there is no flaw
 */
public record Definition(List<String> flaws, Map<String, String> types) {
  public Definition {
    flaws = List.copyOf(flaws);
    types = Map.copyOf(types);
  }
}
