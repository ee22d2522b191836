package io.zerodowntime.migration;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the live instances ask for, and what follows from it; computed here and nowhere else.
 *
 * @param live the instances whose heartbeat is fresh, in the order in which they are shown
 */
public record Fleet(List<LiveInstance> live) {

  public Fleet {
    live = List.copyOf(live);
  }

  /** The phase that every live instance asks for; empty if none is live, or they disagree. */
  public Optional<Phase> wish() {
    List<Phase> wishes = live.stream().map(LiveInstance::requested).distinct().toList();
    return wishes.size() == 1 ? Optional.of(wishes.get(0)) : Optional.empty();
  }

  /**
   * The step from the effective phase that every live instance wants: one in the direction of all
   * requests, which need not be equal. Empty if they want none, or not the same direction.
   */
  public Optional<Step> step(Phase effective) {
    List<Integer> ways =
        live.stream()
            .map(i -> Integer.signum(i.requested().number() - effective.number()))
            .distinct()
            .toList();
    return ways.size() == 1 && ways.get(0) != 0
        ? Optional.of(Step.between(effective, Phase.of(effective.number() + ways.get(0))))
        : Optional.empty();
  }

  /** The lowest phase that a live instance asks for; empty if none is live. */
  public Optional<Phase> lowest() {
    return live.stream().map(LiveInstance::requested).min(Comparator.comparing(Phase::number));
  }

  /** Who asks for what, where they disagree. */
  public Optional<String> disagreement() {
    return live.stream().map(LiveInstance::requested).distinct().count() < 2
        ? Optional.empty()
        : Optional.of(
            live.stream()
                .map(i -> i.instance() + " asks for phase " + i.requested())
                .collect(Collectors.joining(", ")));
  }
}
