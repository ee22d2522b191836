package io.zerodowntime.orders;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a write is answered with.
 *
 * @param replayed whether an earlier write under the same key was answered so
 * @param keyedAt when that one's key was stored, or a little earlier, by the database's clock; null
 *     for a write that was done now
 */
record WriteResponse(int status, String json, boolean replayed, @Nullable Instant keyedAt) {

  /** The answer to a write that was done now. */
  static WriteResponse done(int status, String json) {
    return new WriteResponse(status, json, false, null);
  }

  /** The answer to a repeated write. */
  static WriteResponse replay(int status, String json, Instant keyedAt) {
    return new WriteResponse(status, json, true, keyedAt);
  }
}
