package io.zerodowntime.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Prints where every migration stands, as the JSON of {@code GET /migrations}. */
@ApplicationScoped
class Status implements Command {
  private final Migrations migrations;
  private final StatusReports reports;
  private final ObjectMapper json;

  Status(Migrations migrations, StatusReports reports, ObjectMapper json) {
    this.migrations = migrations;
    this.reports = reports;
    this.json = json;
  }

  @Override
  public String name() {
    return "status";
  }

  @Override
  public Uni<Integer> run(List<String> arguments) {
    return Multi.createFrom()
        .iterable(migrations.all())
        .onItem()
        .transformToUniAndConcatenate(reports::of)
        .collect()
        .asList()
        .invoke(all -> System.out.println(print(all)))
        .replaceWith(0);
  }

  private String print(List<MigrationStatus> all) {
    try {
      return json.writerWithDefaultPrettyPrinter().writeValueAsString(all);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a status that is no JSON", e);
    }
  }
}
