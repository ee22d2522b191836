package io.zerodowntime.testing;

/**
 * Counts the statements in what a client sends to PostgreSQL: each Execute and each Query, by the
 * message formats of its protocol. A message may come in parts. The first one has no type.
 */
final class FrontendMessages {
  private static final int LENGTH_BYTES = 4;

  private boolean typed;
  private int header;
  private int length;
  private int left;

  /** How many begin in these bytes, which follow those of the last call. */
  int statements(byte[] buffer, int size) {
    int found = 0;
    int at = 0;
    while (at < size) {
      if (left > 0) {
        int skipped = Math.min(left, size - at);
        left -= skipped;
        at += skipped;
      } else {
        found += take(buffer[at++]) ? 1 : 0;
      }
    }
    return found;
  }

  /** One byte of a header; true if it is the type of a statement. */
  private boolean take(byte next) {
    if (typed && header == 0) {
      header = 1;
      return next == 'E' || next == 'Q';
    }
    length = length << 8 | (next & 0xff);
    header++;
    if (header == LENGTH_BYTES + (typed ? 1 : 0)) {
      left = length - LENGTH_BYTES;
      header = 0;
      length = 0;
      typed = true;
    }
    return false;
  }
}
