package io.zerodowntime.fault;

import io.vertx.core.http.HttpMethod;

/**
 * One request.
 *
 * @param body null for none
 * @param key the Idempotency-Key; null for none
 * @param subject the user of an order that is created, or the order that is changed
 * @param status what a write gives the order
 */
record Request(
    Call call,
    HttpMethod method,
    String path,
    String body,
    String key,
    long subject,
    String status) {

  boolean creates() {
    return method.equals(HttpMethod.POST);
  }

  boolean changes() {
    return method.equals(HttpMethod.PATCH);
  }
}
