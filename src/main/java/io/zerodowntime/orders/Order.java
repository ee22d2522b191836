package io.zerodowntime.orders;

import java.math.BigDecimal;
import java.time.OffsetDateTime;

/**
 * An order as the API shows it, for the API's description: PostgreSQL makes the text itself, so
 * that the answer to a write can be kept in the same statement (see {@link OrderJson}).
 *
 * @param amount with two decimals
 * @param status lower case
 * @param createdAt in UTC, with microseconds
 */
record Order(long id, long userId, BigDecimal amount, String status, OffsetDateTime createdAt) {}
