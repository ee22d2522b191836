package io.zerodowntime.orders;

/**
 * What a write is answered with.
 *
 * @param replayed whether an earlier write under the same key was answered so
 */
record WriteResponse(int status, String json, boolean replayed) {}
