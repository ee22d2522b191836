/**
 * The program: starts, finds a database, runs one command or serves. Sees every other package; no
 * other package sees it.
 */
@NullMarked
package io.zerodowntime.app;

import org.jspecify.annotations.NullMarked;
