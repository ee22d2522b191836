package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * What a gate says.
 *
 * @param gate the gate's name, for example {@code backfill-complete}
 * @param reason what was found, for an open and for a closed gate
 * @param remedy what to do about a closed gate; empty for an open one
 */
@RegisterForReflection
public record Verdict(String gate, boolean open, String reason, String remedy) {

  public static Verdict open(String gate, String reason) {
    return new Verdict(gate, true, reason, "");
  }

  public static Verdict closed(String gate, String reason, String remedy) {
    return new Verdict(gate, false, reason, remedy);
  }
}
