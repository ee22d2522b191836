package io.zerodowntime.fault;

import io.zerodowntime.testing.ServiceProcess;
import java.util.List;

/**
 * What the service logged, as text or as JSON.
 *
 * @param lines how many
 * @param stackTraces how many stack traces
 * @param first the line before the first of them; empty without one
 */
record LogLines(long lines, long stackTraces, String first) {
  /** What a line of JSON has in place of a stack trace. */
  private static final String EXCEPTION = "\"exception\":{";

  static LogLines of(ServiceProcess service) {
    List<String> lines = (service.out() + service.err()).lines().toList();
    long traces = 0;
    String first = "";
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.contains(EXCEPTION)) {
        first = traces++ == 0 ? line : first;
      } else if (i > 0 && isFrame(line) && !isFrame(lines.get(i - 1))) {
        first = traces++ == 0 ? lines.get(i - 1) : first;
      }
    }
    return new LogLines(lines.size(), traces, first);
  }

  private static boolean isFrame(String line) {
    return line.startsWith("\tat ") || line.startsWith("\t... ");
  }
}
