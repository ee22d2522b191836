package io.zerodowntime.migration.status;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How one kind of writer is covered.
 *
 * @param kind {@code fleet}: instances of this program; {@code heartbeats by SQL}: instances of
 *     other services that take part in the request; {@code others}: every other writer
 * @param live how many instances of the kind are live; empty where they send no heartbeat
 * @param coverage what keeps the kind's writes right
 */
@RegisterForReflection
public record WriterCoverage(String kind, Optional<Integer> live, String coverage) {

  static List<WriterCoverage> of(Migration migration, List<LiveInstance> live) {
    int bySql = (int) live.stream().filter(LiveInstance::sentBySql).count();
    return List.of(
        new WriterCoverage("fleet", Optional.of(live.size() - bySql), "fence"),
        new WriterCoverage("heartbeats by SQL", Optional.of(bySql), "their own fence"),
        new WriterCoverage(
            "others",
            Optional.empty(),
            switch (migration.options().sync()) {
              case COPY -> "triggers";
              case DETECT -> "their own fence, else recorded by triggers";
              case OFF -> "their own fence, else found by a comparison";
            }));
  }

  /** All kinds on one line. */
  public static String line(List<WriterCoverage> all) {
    return all.stream()
        .map(
            each ->
                each.kind()
                    + each.live().map(" (%d)"::formatted).orElse("")
                    + ": "
                    + each.coverage())
        .collect(Collectors.joining("; "));
  }
}
