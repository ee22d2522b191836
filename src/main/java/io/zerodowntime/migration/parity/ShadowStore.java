package io.zerodowntime.migration.parity;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.FleetSource;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Migrations;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** The shadow reads of the fleet, a row for each instance and epoch, and the keys they found. */
@ApplicationScoped
class ShadowStore {
  /*
   * The commit waits for the disk only if it brings something that speaks against the step: losing
   * a count of reads that agreed, with a crash of the server, makes the gate more cautious.
   */
  private static final String COUNT =
      """
      INSERT INTO parity_shadow_instance AS w (migration, epoch, instance, matches, mismatches,
        errors, matched_at, mismatched_at, failed_at)
      SELECT name, $2, $3, $4::bigint, $5::bigint, $6::bigint, CASE WHEN $4 > 0 THEN now() END,
        CASE WHEN $5 > 0 THEN now() END, CASE WHEN $6 > 0 THEN now() END
      FROM migration_state
      WHERE name = $1 AND epoch - $2::bigint BETWEEN 0 AND 1
        AND set_config('synchronous_commit',
          CASE WHEN $5 + $6 = 0 THEN 'off' ELSE current_setting('synchronous_commit') END,
          true) IS NOT NULL
      ON CONFLICT (migration, epoch, instance) DO UPDATE
      SET matches = w.matches + excluded.matches,
        mismatches = w.mismatches + excluded.mismatches,
        errors = w.errors + excluded.errors,
        matched_at = COALESCE(excluded.matched_at, w.matched_at),
        mismatched_at = COALESCE(excluded.mismatched_at, w.mismatched_at),
        failed_at = COALESCE(excluded.failed_at, w.failed_at)
      """;

  private static final String KEEP =
      Mismatches.record(
          MismatchSource.SHADOW,
          """
          SELECT name, $3, $2, %(source), $4, $5
          FROM migration_state WHERE name = $1 AND epoch - $2::bigint BETWEEN 0 AND 1
          """);

  /**
   * Each start of an instance is a row, and an epoch may last for months. Of the epoch in force go
   * those that counted nothing but matches, and none within the soak time. What the epoch before
   * counted is judged by the time of its end.
   */
  private static final String PURGE =
      """
      DELETE FROM parity_shadow_instance w
      USING migration_state s LEFT JOIN unnest($1::text[], $2::float8[]) AS soak (name, seconds)
        ON soak.name = s.name
      WHERE s.name = w.migration AND (w.epoch < s.epoch - 1
        OR (w.epoch = s.epoch AND w.mismatches = 0 AND w.errors = 0
          AND w.matched_at < now() - make_interval(secs => soak.seconds) - interval '1 hour'))
      """;

  private final Pool pool;
  private final FleetSource fleet;
  private final Migrations migrations;
  private final MigrationConfig config;

  ShadowStore(Pool pool, FleetSource fleet, Migrations migrations, MigrationConfig config) {
    this.pool = pool;
    this.fleet = fleet;
    this.migrations = migrations;
    this.config = config;
  }

  /**
   * Adds what was counted in an epoch, the one in force or the one before it: a read just before a
   * step is evidence too.
   *
   * @return false if the epoch is further back: no gate asks for it any more
   */
  Uni<Boolean> count(String migration, long epoch, ShadowTally tally) {
    return pool.preparedQuery(COUNT)
        .execute(
            Tuple.of(migration, epoch, fleet.self(), tally.matches, tally.mismatches, tally.errors))
        .map(counted -> counted.rowCount() == 1);
  }

  /** Records the keys that were seen to disagree, in the same epochs. */
  Uni<Void> keep(String migration, long epoch, List<ShadowTally.Mismatch> found) {
    return pool.preparedQuery(KEEP)
        .executeBatch(
            found.stream()
                .map(f -> Tuple.of(migration, epoch, f.key(), f.oldValue(), f.newValue()))
                .toList())
        .replaceWithVoid();
  }

  /**
   * Deletes the counts that no gate asks for: of all epochs but the last two, and of instances of
   * this epoch that counted matches before the soak time only.
   */
  Uni<Void> purge() {
    List<Migration> all = migrations.all();
    return pool.preparedQuery(PURGE)
        .execute(
            Tuple.tuple()
                .addValue(all.stream().map(Migration::name).toArray(String[]::new))
                .addValue(all.stream().map(this::soakSeconds).toArray(Double[]::new)))
        .replaceWithVoid();
  }

  private double soakSeconds(Migration migration) {
    return migration.options().soak().orElse(config.soak()).toSeconds();
  }
}
