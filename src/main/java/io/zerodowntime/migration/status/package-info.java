/**
 * Everything there is to know about a migration, for people and programs, and its metrics. Reads
 * only.
 */
@NullMarked
package io.zerodowntime.migration.status;

import org.jspecify.annotations.NullMarked;
