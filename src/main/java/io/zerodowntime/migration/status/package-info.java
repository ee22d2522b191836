/** What there is to know of a migration, put together for people and programs. Reads only. */
package io.zerodowntime.migration.status;
