package io.zerodowntime.migration.status;

import io.quarkus.scheduler.Scheduled;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.migration.ServiceReadings;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The requests of the last seconds, from the service's own meters, which it reads once a second.
 */
@ApplicationScoped
public class ServiceWatch implements ServiceReadings {
  private static final Duration LITTLE = Duration.ofMillis(500);

  private final ServiceMetrics metrics;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private volatile ServiceReading lately = ServiceReading.NONE;

  ServiceWatch(ServiceMetrics metrics) {
    this.metrics = metrics;
  }

  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void sample() {
    sample(System.nanoTime());
  }

  /** Takes what the meters say at a time of {@link System#nanoTime}. */
  synchronized void sample(long nanos) {
    samples.addLast(new Sample(nanos, metrics.totals()));
    long window = WINDOW.plus(LITTLE).toNanos();
    while (samples.size() > 1 && nanos - samples.getFirst().nanos() > window) {
      samples.removeFirst();
    }
    lately =
        samples.size() < 2 ? ServiceReading.NONE : between(samples.getFirst(), samples.getLast());
  }

  private static ServiceReading between(Sample first, Sample last) {
    return last.totals().since(first.totals(), Duration.ofNanos(last.nanos() - first.nanos()));
  }

  @Override
  public ServiceReading lately() {
    return lately;
  }

  private record Sample(long nanos, ServiceMetrics.Totals totals) {}
}
