/**
 * The last step. Owns the drop of the old column and its certificate; never drops while a gate is
 * closed or a step is under way.
 */
package io.zerodowntime.migration.contract;
