package io.zerodowntime.migration.rest;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.http.Problem;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Verdict;
import jakarta.ws.rs.core.Response;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** What a client is told when the engine refuses. */
class MigrationProblems {
  private static final int SCHEMA_RETRY_AFTER = 30;

  @ServerExceptionMapper
  Response unknown(MigrationException.Unknown failure) {
    return Problem.of(404, "no-such-migration", "No such migration")
        .detail(String.valueOf(failure.getMessage()))
        .response();
  }

  @ServerExceptionMapper
  Response refused(MigrationException.Refused failure) {
    Problem problem =
        Problem.of(409, "migration-refused", "The protocol forbids it now")
            .detail(String.valueOf(failure.getMessage()));
    return (failure.closed().isEmpty() ? problem : problem.with("gates", gates(failure.closed())))
        .response();
  }

  private static JsonArray gates(List<Verdict> closed) {
    JsonArray gates = new JsonArray();
    closed.forEach(
        gate ->
            gates.add(
                JsonObject.of(
                    "gate", gate.gate(), "reason", gate.reason(), "remedy", gate.remedy())));
    return gates;
  }

  @ServerExceptionMapper
  Response schema(MigrationException.SchemaFailed failure) {
    return (failure.retryable()
            ? Problem.of(503, "schema-busy", "The schema cannot be changed now")
                .retryAfter(SCHEMA_RETRY_AFTER)
            : Problem.of(409, "schema-change-failed", "The schema change failed"))
        .detail(String.valueOf(failure.getMessage()))
        .response();
  }

  @ServerExceptionMapper
  Response unsettled(MigrationException.Unsettled failure) {
    return Problem.of(503, "phase-unsettled", "The phase keeps changing")
        .detail("Nothing was changed; send the request again.")
        .retryAfter(1)
        .response();
  }
}
