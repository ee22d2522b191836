package io.zerodowntime.http;

/**
 * One thing that is wrong with a request.
 *
 * @param field the field or parameter, for example {@code amount}; empty for the whole body
 */
public record Violation(String field, String message) {}
