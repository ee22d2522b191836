/**
 * What any service needs and no domain knows: transactions with a verdict per failure, problem
 * JSON, DATABASE_URL, the embedded PostgreSQL of first runs. Never sees another package of ours.
 */
package io.zerodowntime.platform;
