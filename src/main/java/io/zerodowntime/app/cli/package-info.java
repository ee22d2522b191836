/** The commands of the program, thin over the engine. */
@NullMarked
package io.zerodowntime.app.cli;

import org.jspecify.annotations.NullMarked;
