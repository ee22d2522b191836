/**
 * Where requests come from: the environment, or a watched directory. Owns the last valid request of
 * this instance; hands it on as a phase; never decides whether a step is taken.
 */
package io.zerodowntime.migration.flag;
