/** The only place of the engine that sees a meter registry. */
package io.zerodowntime.migration.telemetry;
