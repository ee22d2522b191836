/**
 * Access to PostgreSQL: {@code DATABASE_URL}, pools with a bound for every wait, transactions that
 * are retried by the kind of their failure, statements that share a round trip, the circuit
 * breaker, replicas and how far they are. Knows neither HTTP nor any table.
 */
@NullMarked
package io.zerodowntime.db;

import org.jspecify.annotations.NullMarked;
