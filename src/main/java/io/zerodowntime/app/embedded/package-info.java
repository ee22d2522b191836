/**
 * The PostgreSQL server of first runs and tests, and the files that it needs. Owns the directory
 * {@code .zerodowntime}. No native image contains it.
 */
@NullMarked
package io.zerodowntime.app.embedded;

import org.jspecify.annotations.NullMarked;
