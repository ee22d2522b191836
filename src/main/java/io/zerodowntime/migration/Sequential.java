package io.zerodowntime.migration;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.List;
import java.util.function.Function;

/** Does work for several items, one after the other. */
public final class Sequential {
  private Sequential() {}

  /**
   * Begins the work for an item when the work for the one before it has ended.
   *
   * @return the results in the order of the items; fails with the first failure, and begins no
   *     further work then
   */
  public static <T, R> Uni<List<R>> map(
      Iterable<T> items, Function<? super T, Uni<? extends R>> work) {
    return Multi.createFrom()
        .iterable(items)
        .onItem()
        .<R>transformToUniAndConcatenate(work)
        .collect()
        .asList();
  }

  /** The same for work without a result. */
  public static <T> Uni<Void> run(
      Iterable<T> items, Function<? super T, Uni<? extends Void>> work) {
    return map(items, work).replaceWithVoid();
  }
}
