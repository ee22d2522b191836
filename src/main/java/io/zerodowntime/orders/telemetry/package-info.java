/** Counts what happens to orders; the only package of the domain that sees the meters. */
package io.zerodowntime.orders.telemetry;
