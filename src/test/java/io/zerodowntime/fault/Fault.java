package io.zerodowntime.fault;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Something that goes wrong outside of the service, and ends. */
interface Fault {
  /** As the report names it. */
  String name();

  /** How many writers there are beside one client for each call. */
  default int writers() {
    return 4;
  }

  /** Returns when the cause is there; a cause that ends by its nature has ended then. */
  void start(Installation installation, Load load) throws Exception;

  /** Removes the cause. */
  default void stop(Installation installation) throws Exception {}

  /** Whether it lasts from start to stop. */
  default boolean lasts() {
    return true;
  }

  /** The calls that it must not disturb. */
  default Set<Call> undisturbed() {
    return Set.of(Call.READINESS);
  }

  /** The calls that it sends itself beside those of every load; answered again when it is over. */
  default Set<Call> ownCalls() {
    return Set.of();
  }

  /** What the report says beside the figures. */
  default String remark() {
    return "";
  }

  /** Every fault. */
  static List<Fault> all() {
    return Stream.of(
            Stream.of(new FrozenServer(), new SilentNetwork(false), new SilentNetwork(true)),
            RestartedServer.all(),
            LockedRows.all(),
            Stream.of(new UnknownHost(), new SlowBodies(), new BrokenClients()))
        .flatMap(faults -> faults)
        .collect(Collectors.toUnmodifiableList());
  }
}
