package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Definition;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Migrations;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Makes plans, from the definition and from what the database says of the table. */
@ApplicationScoped
public class Plans {
  /** It waits for no lock that others wait for, and takes none that writers would notice. */
  private static final String BEGIN =
      """
      BEGIN; SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '10s'
      """;

  /** Bytes of the types that have a fixed length. */
  private static final String WIDTHS =
      """
      SELECT n.name, t.typlen::integer AS width
      FROM unnest($1::text[], $2::text[]) AS n (name, type)
      JOIN pg_type t ON t.oid = to_regtype(n.type) AND t.typlen > 0
      """;

  private final Pool pool;
  private final GateEvaluator gates;
  private final MigrationConfig config;
  private final Migrations migrations;

  Plans(Pool pool, GateEvaluator gates, MigrationConfig config, Migrations migrations) {
    this.pool = pool;
    this.gates = gates;
    this.config = config;
    this.migrations = migrations;
  }

  /**
   * The plan by what the database says now; fails with {@link Refused} where PostgreSQL does not
   * take the definition, or a changeset cannot be written for it.
   */
  public Uni<MigrationPlan> of(Migration migration) {
    return gates
        .definition(migration)
        .chain(
            definition ->
                definition.flaws().isEmpty()
                    ? pool.withConnection(session -> rolledBack(session, migration, definition))
                    : Uni.createFrom().failure(new Refused(String.join("; ", definition.flaws()))));
  }

  private Uni<MigrationPlan> rolledBack(
      SqlConnection session, Migration migration, Definition definition) {
    return session
        .query(BEGIN)
        .execute()
        .chain(() -> read(session, migration, definition))
        .onItemOrFailure()
        .call(() -> session.query("ROLLBACK").execute().onFailure().recoverWithNull());
  }

  private Uni<MigrationPlan> read(
      SqlConnection session, Migration migration, Definition definition) {
    return FactsReader.read(session, migration, migrations.all())
        .chain(
            facts ->
                widths(session, definition.types())
                    .chain(
                        widths ->
                            IndexForms.of(session, migration, facts)
                                .chain(
                                    forms ->
                                        SyncTrigger.read(session, migration)
                                            .map(
                                                sync ->
                                                    plan(
                                                        migration,
                                                        definition,
                                                        facts,
                                                        widths,
                                                        forms,
                                                        sync)))));
  }

  private static Uni<Map<String, Integer>> widths(
      SqlConnection session, Map<String, String> types) {
    List<String> names = List.copyOf(types.keySet());
    return session
        .preparedQuery(WIDTHS)
        .execute(
            Tuple.of(
                names.toArray(String[]::new),
                names.stream().map(types::get).toArray(String[]::new)))
        .map(
            rows ->
                rows.stream()
                    .collect(
                        Collectors.toMap(
                            row -> row.getString("name"), row -> row.getInteger("width"))));
  }

  private MigrationPlan plan(
      Migration migration,
      Definition definition,
      TableFacts facts,
      Map<String, Integer> widths,
      List<IndexForms.Form> forms,
      Optional<SyncTrigger> sync) {
    try {
      List<PlanFile> files =
          new Changesets(migration, facts, definition.types(), forms, sync).files();
      Estimate estimate = Estimate.of(migration, facts, widths, forms);
      String report =
          new PlanReport(migration, facts, estimate, gates)
              .text(migration.name().equals(config.primary()), files);
      return new MigrationPlan(migration.name(), facts.phase().isPresent(), files, report);
    } catch (IllegalArgumentException e) {
      throw new Refused(String.valueOf(e.getMessage()));
    }
  }
}
