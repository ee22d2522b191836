package io.zerodowntime.db;

/** A row that the primary's clock stamps again and again, and that replicas therefore have. */
public interface ReplicatedHeartbeat {

  /** A query of the newest stamp, as one {@code timestamptz}, null without any. */
  String newest();
}
