package io.zerodowntime.orders;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.quarkus.runtime.annotations.RegisterForReflection;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Both columns of one order, from one tuple and one snapshot.
 *
 * @param phase the effective phase of that snapshot, 0 to 3
 * @param match whether the new column holds what the old one stands for
 */
@RegisterForReflection
record ShadowComparison(
    long orderId,
    int phase,
    @JsonProperty("old") Old oldColumn,
    @JsonProperty("new") New newColumn,
    boolean match) {

  /**
   * @param raw what {@code old_status} holds; null where phase 3 left it out
   * @param status the same as the API speaks it
   */
  @RegisterForReflection
  record Old(
      @Schema(nullable = true) @Nullable String raw,
      @Schema(nullable = true) @Nullable String status) {}

  /**
   * @param status null where neither a write nor the backfill has filled it yet
   */
  @RegisterForReflection
  record New(@Schema(nullable = true) @Nullable String status) {}
}
