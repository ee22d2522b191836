package io.zerodowntime.migration;

import io.quarkus.arc.All;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Every migration that the application defines as a bean. */
@ApplicationScoped
public class Migrations {
  private final List<Migration> all;

  Migrations(@All List<Migration> all) {
    this.all = List.copyOf(all);
  }

  public List<Migration> all() {
    return all;
  }

  /**
   * The migration with this name.
   *
   * @throws MigrationException.Unknown if there is none
   */
  public Migration named(String name) {
    return all.stream()
        .filter(migration -> migration.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new MigrationException.Unknown(name));
  }
}
