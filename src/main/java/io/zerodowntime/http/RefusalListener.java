package io.zerodowntime.http;

/** Told of requests for orders that were refused. Implementations must be quick. */
public interface RefusalListener {

  /** A request was answered with 503, or with 408. */
  void refused(Refusal reason);
}
