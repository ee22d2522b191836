/** The commands of the program, thin over the engine. */
package io.zerodowntime.app.cli;
