package io.zerodowntime.migration;

import java.util.Arrays;

/** Every legal change of phase, as data: one step at a time, in either direction. */
public enum Step {
  EXPAND_TO_DUAL_WRITE(Phase.EXPAND, Phase.DUAL_WRITE),
  DUAL_WRITE_TO_READ_NEW(Phase.DUAL_WRITE, Phase.READ_NEW),
  READ_NEW_TO_CONTRACT(Phase.READ_NEW, Phase.CONTRACT),
  CONTRACT_TO_READ_NEW(Phase.CONTRACT, Phase.READ_NEW),
  READ_NEW_TO_DUAL_WRITE(Phase.READ_NEW, Phase.DUAL_WRITE),
  DUAL_WRITE_TO_EXPAND(Phase.DUAL_WRITE, Phase.EXPAND);

  private final Phase from;
  private final Phase to;

  Step(Phase from, Phase to) {
    this.from = from;
    this.to = to;
  }

  public Phase from() {
    return from;
  }

  public Phase to() {
    return to;
  }

  /**
   * The step from one phase to its neighbour.
   *
   * @throws IllegalArgumentException if the phases are equal or not neighbours
   */
  public static Step between(Phase from, Phase to) {
    return Arrays.stream(values())
        .filter(step -> step.from == from && step.to == to)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no step from " + from + " to " + to + ": one at a time"));
  }

  @Override
  public String toString() {
    return from.number() + " -> " + to.number();
  }
}
