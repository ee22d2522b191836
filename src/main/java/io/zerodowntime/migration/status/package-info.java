/**
 * Everything there is to know about a migration, for people and programs, and its metrics. Reads
 * only.
 */
package io.zerodowntime.migration.status;
