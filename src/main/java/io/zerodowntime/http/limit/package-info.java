/**
 * How many requests a client may send, and how many passwords it may guess. Quotas are counted by
 * each instance, or by all instances together in Redis where there is one; requests are limited if
 * {@code RATE_LIMIT_REQUESTS} is set, guesses always. It depends on {@code http} for the answers,
 * on {@code http.login} for who calls, and on {@code redis}.
 */
@NullMarked
package io.zerodowntime.http.limit;

import org.jspecify.annotations.NullMarked;
