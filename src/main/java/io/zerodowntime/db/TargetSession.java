package io.zerodowntime.db;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Which of several hosts may be used, by the names and meanings of libpq's {@code
 * target_session_attrs}. Those of libpq that ask for a server which takes no writes are not here.
 */
public enum TargetSession {
  /** The first one that can be reached. */
  ANY,
  /** The first one whose sessions may write. */
  READ_WRITE,
  /** The first one that is not a standby. */
  PRIMARY;

  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static TargetSession of(String label) {
    return Arrays.stream(values())
        .filter(target -> target.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "target_session_attrs is none of "
                        + Arrays.stream(values())
                            .map(TargetSession::label)
                            .collect(Collectors.joining(", "))));
  }
}
