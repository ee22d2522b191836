/**
 * The operators' API: shows the status, hands commands to the engine, turns refusals into problem
 * JSON. Never decides what is allowed.
 */
package io.zerodowntime.migration.rest;
