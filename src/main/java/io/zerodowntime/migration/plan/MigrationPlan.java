package io.zerodowntime.migration.plan;

import java.util.List;

/**
 * What a migration will do, computed and not done.
 *
 * @param migration its name
 * @param registered its first changeset has run: changesets of it exist already
 * @param files the changelog files, in the order of their names
 * @param report flags, gates, estimates and locks, as comments of SQL
 */
public record MigrationPlan(
    String migration, boolean registered, List<PlanFile> files, String report) {
  public MigrationPlan {
    files = List.copyOf(files);
  }
}
