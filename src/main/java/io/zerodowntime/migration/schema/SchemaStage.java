package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Which step of the engine runs which changesets: those that carry the migration's name and the
 * stage's name as labels.
 *
 * <table>
 * <caption>The stages, in the order in which they run</caption>
 * <tr><th>stage, label</th><th>what</th><th>when it is due</th><th>command</th></tr>
 * <tr><td>{@code expand}</td><td>engine's tables, new column, registration</td><td>always</td>
 *     <td>{@code expand}</td></tr>
 * <tr><td>{@code index}</td><td>indexes on the new column</td><td>phase 1 with the forward backfill
 *     of this epoch complete; phases 2 and 3</td><td>{@code expand}</td></tr>
 * <tr><td>{@code enforce}</td><td>new column NOT NULL, old column accepts NULL</td><td>phases 2 and
 *     3, drained, while phase 2 or 3 is asked for</td><td>{@code expand}</td></tr>
 * <tr><td>{@code relax}</td><td>new column accepts NULL</td><td>phase 1 while phase 0 is asked for;
 *     phase 0</td><td>{@code expand}</td></tr>
 * <tr><td>{@code contract}</td><td>old column and its indexes go</td><td>never automatically: an
 *     operator asks for it</td><td>{@code contract}</td></tr>
 * </table>
 */
public enum SchemaStage {
  EXPAND("expand"),
  INDEX("expand"),
  ENFORCE("expand"),
  RELAX("expand"),
  CONTRACT("contract");

  /** The label of the changesets that every migration needs: the engine's own tables. */
  static final String INITIAL = "initial";

  private final String command;

  SchemaStage(String command) {
    this.command = command;
  }

  /** The label that the stage's changesets carry, for example {@code enforce}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The command of this program that an operator runs for this stage. */
  public String command() {
    return command;
  }

  /**
   * The stages that are due, in the order in which they run.
   *
   * @param requested what the fleet asks for
   * @param forwardBackfillComplete whether a forward backfill begun in this epoch is complete
   */
  public static List<SchemaStage> due(
      MigrationState state, Phase requested, boolean forwardBackfillComplete) {
    return Arrays.stream(values())
        .filter(stage -> stage.isDue(state, requested, forwardBackfillComplete))
        .toList();
  }

  /** Liquibase's label expression that selects this stage's changesets of one migration. */
  String labels(Migration migration) {
    String own = migration.name() + " and " + label();
    return this == EXPAND ? INITIAL + " or (" + own + ")" : own;
  }

  private boolean isDue(MigrationState state, Phase requested, boolean forwardBackfillComplete) {
    Phase phase = state.phase();
    return switch (this) {
      case EXPAND -> true;
      case INDEX -> phase.readsNew() || (phase == Phase.DUAL_WRITE && forwardBackfillComplete);
      case ENFORCE -> phase.readsNew() && state.drained() && requested.readsNew();
      case RELAX ->
          phase == Phase.EXPAND || (phase == Phase.DUAL_WRITE && requested == Phase.EXPAND);
      case CONTRACT -> false;
    };
  }
}
