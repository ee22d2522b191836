package io.zerodowntime.redis;

/** Redis gave no answer that can be used; the caller does what it would do without Redis. */
public final class NoRedisAnswerException extends RuntimeException {
  NoRedisAnswerException(String message) {
    super(message, null, false, false);
  }
}
