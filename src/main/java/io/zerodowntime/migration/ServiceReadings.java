package io.zerodowntime.migration;

import java.time.Duration;

/** How the service's own requests do: what a run must not slow down. */
public interface ServiceReadings {
  /** What a reading is about: long enough for a hundredth of some hundred requests. */
  Duration WINDOW = Duration.ofSeconds(3);

  /** The requests of the last {@link #WINDOW} in this process. */
  ServiceReading lately();
}
