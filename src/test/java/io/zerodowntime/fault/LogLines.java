package io.zerodowntime.fault;

import io.zerodowntime.testing.ServiceProcess;
import java.util.List;

/**
 * What the service logged.
 *
 * @param lines how many
 * @param stackTraces how many stack traces
 * @param first the line before the first of them; empty without one
 */
record LogLines(long lines, long stackTraces, String first) {
  static LogLines of(ServiceProcess service) {
    List<String> lines = (service.out() + service.err()).lines().toList();
    long traces = 0;
    String first = "";
    for (int i = 1; i < lines.size(); i++) {
      if (isFrame(lines.get(i)) && !isFrame(lines.get(i - 1))) {
        first = traces++ == 0 ? lines.get(i - 1) : first;
      }
    }
    return new LogLines(lines.size(), traces, first);
  }

  private static boolean isFrame(String line) {
    return line.startsWith("\tat ") || line.startsWith("\t... ");
  }
}
