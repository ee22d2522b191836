/**
 * The operators' API: shows the status, hands commands to the engine, turns refusals into problem
 * JSON. Never decides what is allowed.
 */
@NullMarked
package io.zerodowntime.migration.rest;

import org.jspecify.annotations.NullMarked;
