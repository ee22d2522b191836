package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Time that passes without a thread; who asked goes on in its own context, with its deadline. */
final class Pause {
  private Pause() {}

  /** Ends after this time. */
  static Uni<Void> of(Duration time) {
    return Vertx.currentContext() == null
        ? Uni.createFrom().voidItem().onItem().delayIt().by(time)
        : Uni.createFrom()
            .emitter(
                over ->
                    Vertx.currentContext()
                        .owner()
                        .setTimer(Math.max(1, time.toMillis()), timer -> over.complete(null)));
  }

  /** The work's own end, or a {@link TimeoutException} after this time; the work goes on. */
  static <T> Uni<T> within(Duration limit, Uni<T> work) {
    @Nullable Context context = Vertx.currentContext();
    if (context == null) {
      return Uni.createFrom()
          .emitter(
              end -> {
                of(limit).subscribe().with(over -> end.fail(late(limit)));
                work.subscribe().with(end::complete, end::fail);
              });
    }
    return Uni.createFrom()
        .emitter(
            end -> {
              long timer =
                  context.owner().setTimer(limit.toMillis(), over -> end.fail(late(limit)));
              work.subscribe()
                  .with(
                      item -> in(context, timer, () -> end.complete(item)),
                      failure -> in(context, timer, () -> end.fail(failure)));
            });
  }

  private static void in(Context context, long timer, Runnable end) {
    context.owner().cancelTimer(timer);
    if (context == Vertx.currentContext()) {
      end.run();
    } else {
      context.runOnContext(here -> end.run());
    }
  }

  private static TimeoutException late(Duration limit) {
    return new TimeoutException("no answer within " + limit.toMillis() + " ms");
  }
}
