/**
 * What every HTTP call needs: problems (RFC 9457), deadlines, the bound on calls in flight, strict
 * JSON, graceful shutdown, and the metrics of calls. Knows neither orders nor migrations.
 */
@NullMarked
package io.zerodowntime.http;

import org.jspecify.annotations.NullMarked;
