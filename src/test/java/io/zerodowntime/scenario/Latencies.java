package io.zerodowntime.scenario;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/** How long the requests of one stage took, to a tenth of a millisecond. */
final class Latencies {
  private static final int BUCKETS = 200_000;
  private static final double NANOS_PER_BUCKET = 1e5;

  private final String stage;
  private final long began = System.nanoTime();
  private final AtomicIntegerArray counts = new AtomicIntegerArray(BUCKETS);

  Latencies(String stage) {
    this.stage = stage;
  }

  void note(long nanos) {
    counts.incrementAndGet((int) Math.min(BUCKETS - 1, nanos / NANOS_PER_BUCKET));
  }

  private static double millis(int[] snapshot, double quantile) {
    long wanted = (long) Math.ceil(IntStream.of(snapshot).asLongStream().sum() * quantile);
    long seen = 0;
    for (int i = 0; i < snapshot.length; i++) {
      seen += snapshot[i];
      if (seen >= wanted && seen > 0) {
        return (i + 1) * NANOS_PER_BUCKET / 1e6;
      }
    }
    return 0;
  }

  /** One line of a summary, as long as the stage lasts or right at its end. */
  String line() {
    int[] snapshot = IntStream.range(0, BUCKETS).map(counts::get).toArray();
    return String.format(
        Locale.ROOT,
        "%-34s %6.1f s %7d requests  p50 %6.1f ms  p99 %6.1f ms  max %7.1f ms",
        stage,
        (System.nanoTime() - began) / 1e9,
        IntStream.of(snapshot).sum(),
        millis(snapshot, 0.5),
        millis(snapshot, 0.99),
        millis(snapshot, 1));
  }
}
