package io.zerodowntime.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Prints where every migration stands, as the JSON of {@code GET /migrations}. */
@ApplicationScoped
class StatusCommand implements Command {
  private final StatusReports reports;
  private final ObjectMapper json;

  StatusCommand(StatusReports reports, ObjectMapper json) {
    this.reports = reports;
    this.json = json;
  }

  @Override
  public String name() {
    return "status";
  }

  @Override
  public Uni<Integer> run(List<String> arguments) {
    return reports.all().invoke(all -> System.out.println(print(all))).replaceWith(0);
  }

  private String print(List<MigrationStatus> all) {
    try {
      return json.writerWithDefaultPrettyPrinter().writeValueAsString(all);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a status that is no JSON", e);
    }
  }
}
