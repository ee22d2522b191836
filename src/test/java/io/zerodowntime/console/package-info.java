/** The console of the packaged program, in a browser. */
@NullMarked
package io.zerodowntime.console;

import org.jspecify.annotations.NullMarked;
