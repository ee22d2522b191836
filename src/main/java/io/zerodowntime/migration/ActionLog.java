package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;

/** Keeps who did what: each action of an operator is a line of the history. */
public interface ActionLog {

  /**
   * Adds a line in the transaction of the action, so that there is none without the other; does
   * nothing for what the engine asks on its own.
   *
   * @param migration the name of the migration
   */
  Uni<Void> record(SqlConnection transaction, String migration, Actor actor, Action action);

  /**
   * What was done.
   *
   * @param run the number of the run that it is about
   * @param parameters what it was asked with
   */
  record Action(OperatorAction name, long run, JsonObject parameters) {}
}
