/**
 * What is known about rows whose columns disagree. Owns parity_mismatch and parity_shadow_instance
 * (parity_shadow belongs to a former version): the keys that comparisons and live reads found.
 * Never decides which column is right: the phase does.
 */
@NullMarked
package io.zerodowntime.migration.parity;

import org.jspecify.annotations.NullMarked;
