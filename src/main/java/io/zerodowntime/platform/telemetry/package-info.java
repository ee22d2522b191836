/** How the service's own HTTP traffic is measured. */
package io.zerodowntime.platform.telemetry;
