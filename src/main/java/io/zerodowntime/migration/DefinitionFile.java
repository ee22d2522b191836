package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a file of definitions holds, as it is written; {@link Definitions} judges it. Changes go
 * into {@code docs/migrations.schema.json} too.
 */
@RegisterForReflection
record DefinitionFile(@Nullable Map<String, Entry> migrations) {

  /** One migration. */
  @RegisterForReflection
  record Entry(
      @Nullable String table,
      @Nullable List<String> key,
      @JsonProperty("old") @Nullable Map<String, Computed> oldColumns,
      @JsonProperty("new") @Nullable Map<String, Computed> newColumns,
      @Nullable Indexes indexes,
      @Nullable Limits backfill,
      @Nullable String soak,
      @JsonProperty("restore-names") @Nullable Boolean restoreNames,
      @Nullable Sync sync) {}

  /**
   * How a column is computed from those of the other side.
   *
   * @param type the column's type; null for the type of the expression
   * @param as an SQL expression
   */
  @RegisterForReflection
  record Computed(@Nullable String type, @Nullable String as) {
    @JsonCreator(mode = JsonCreator.Mode.PROPERTIES)
    Computed {}

    /** The short form: the expression alone. */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Computed by(String expression) {
      return new Computed(null, expression);
    }
  }

  /** Indexes by the columns that they are on. */
  @RegisterForReflection
  record Indexes(
      @JsonProperty("old") @Nullable List<String> oldIndexes,
      @JsonProperty("new") @Nullable List<String> newIndexes) {}

  /** What a run is held to where it asks for nothing else. */
  @RegisterForReflection
  record Limits(
      @JsonProperty("batch-size") @Nullable Integer batchSize,
      @JsonProperty("target-load") @Nullable Double targetLoad) {}
}
