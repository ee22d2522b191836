package io.zerodowntime.db;

import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * Where the write-ahead log of the primary ended after a write. A server that has replayed it shows
 * the write.
 *
 * @param system the identifier of the cluster: another cluster's positions mean nothing here
 * @param timeline changes with each promotion; the same position on another timeline is another one
 * @param lsn the position in the log
 */
public record WritePosition(long system, int timeline, long lsn) {
  /**
   * A write was, or may have been, done, and its position is not known: only the primary has it.
   */
  public static final WritePosition UNKNOWN = new WritePosition(0, 0, 0);

  private static final byte VERSION = 1;
  private static final int BYTES = 1 + Long.BYTES + Integer.BYTES + Long.BYTES;
  private static final int LETTERS = BYTES * 4 / 3;

  /** As an opaque text of 28 letters, which clients send back. */
  public String token() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    bytes.put(VERSION).putLong(system).putInt(timeline).putLong(lsn);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  /** Reads a token; {@link #UNKNOWN} where it is none, as a cookie of another version may be. */
  public static WritePosition of(String token) {
    if (token.length() != LETTERS) {
      return UNKNOWN;
    }
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      return bytes.remaining() == BYTES && bytes.get() == VERSION
          ? new WritePosition(bytes.getLong(), bytes.getInt(), bytes.getLong())
          : UNKNOWN;
    } catch (IllegalArgumentException noToken) {
      return UNKNOWN;
    }
  }

  /** Whether both are positions in one log, so that they can be compared. */
  boolean isOnLineOf(WritePosition other) {
    return system == other.system && timeline == other.timeline;
  }

  /** The position at which a server shows both writes; {@link #UNKNOWN} if that cannot be told. */
  public WritePosition and(WritePosition other) {
    if (!isOnLineOf(other)) {
      return UNKNOWN;
    }
    return other.lsn > lsn ? other : this;
  }

  /** The position after this earlier write and a later one: the later one's log counts. */
  public WritePosition then(WritePosition later) {
    return isOnLineOf(later) ? and(later) : later;
  }
}
