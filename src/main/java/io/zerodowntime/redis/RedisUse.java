package io.zerodowntime.redis;

/** What a command is for: the closed set of uses that are counted. */
public enum RedisUse {
  /** The stored response of a write is looked up. */
  REPLAY_READ("replay_read"),
  /** The response of a write is stored. */
  REPLAY_WRITE("replay_write"),
  /** A request is counted against its client's limit. */
  RATE_LIMIT("rate_limit");

  private final String label;

  RedisUse(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
