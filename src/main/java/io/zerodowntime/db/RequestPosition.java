package io.zerodowntime.db;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one request must see of earlier writes, and where its own writes ended. A request has one
 * only where there are replicas.
 */
public final class RequestPosition {
  private final @Nullable WritePosition asked;
  private volatile @Nullable WritePosition written;

  /**
   * @param asked the write that the request must see; null if it names none
   */
  public RequestPosition(@Nullable WritePosition asked) {
    this.asked = asked;
  }

  /** That of the request that is being worked on; null where it has none. */
  public static @Nullable RequestPosition current() {
    RequestDeadline request = RequestDeadline.ofContext();
    return request == null ? null : request.position();
  }

  /** The write that the current request must see; null if it must see none. */
  public static @Nullable WritePosition askedNow() {
    RequestPosition current = current();
    return current == null ? null : current.asked;
  }

  /** Records where a write of this request ended. */
  public void record(WritePosition position) {
    WritePosition before = written;
    written = before == null ? position : before.then(position);
  }

  /** Where the writes of this request ended so far; null if it has written nothing. */
  public @Nullable WritePosition written() {
    return written;
  }

  /**
   * What the client is to send with its next reads; empty if it need not send anything.
   *
   * @param writeSent whether the request has sent a write: its position may be unknown
   */
  public Optional<WritePosition> answer(boolean writeSent) {
    WritePosition own = written;
    if (own == null) {
      return writeSent ? Optional.of(WritePosition.UNKNOWN) : Optional.empty();
    }
    return Optional.of(asked == null ? own : asked.then(own));
  }
}
