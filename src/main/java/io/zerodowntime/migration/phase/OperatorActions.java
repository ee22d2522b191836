package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.ActionLog;
import io.zerodowntime.migration.Actor;
import jakarta.enterprise.context.ApplicationScoped;

/** The lines of {@code migration_history} that say what operators did. */
@ApplicationScoped
public class OperatorActions implements ActionLog {
  private static final String RECORD =
      """
      INSERT INTO migration_history (migration, kind, epoch, from_phase, to_phase, instance, reason,
        evidence, subject, action)
      SELECT name, $6::text, epoch, phase, phase, $2::text, 'requested by ' || $3::text,
        $4::jsonb || jsonb_build_object('databaseUser', session_user), $3::text, $5::text
      FROM migration_state WHERE name = $1
      """;

  private final Instances instances;

  OperatorActions(Instances instances) {
    this.instances = instances;
  }

  @Override
  public Uni<Void> record(SqlConnection transaction, String migration, Actor actor, Action action) {
    return actor.isOperator()
        ? transaction
            .preparedQuery(RECORD)
            .execute(
                Tuple.of(
                    migration,
                    instances.self(),
                    actor.subject(),
                    evidence(actor, action),
                    action.name().label(),
                    HistoryKind.ACTION.label()))
            .replaceWithVoid()
        : Uni.createFrom().voidItem();
  }

  private static JsonObject evidence(Actor actor, Action action) {
    JsonObject evidence = new JsonObject().put("login", actor.login().label());
    actor.name().ifPresent(name -> evidence.put("name", name));
    return evidence.put("run", action.run()).put("parameters", action.parameters());
  }
}
