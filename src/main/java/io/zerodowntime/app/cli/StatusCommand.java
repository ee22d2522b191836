package io.zerodowntime.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;

/**
 * Shows where migrations stand, on one screen, or as the JSON of {@code GET /migrations}; once, or
 * each second until a signal comes.
 */
@ApplicationScoped
class StatusCommand implements Command {
  private static final Duration REFRESH = Duration.ofSeconds(1);

  private final Migrations migrations;
  private final StatusReports reports;
  private final ObjectMapper json;
  private final Terminal terminal = Terminal.found();

  StatusCommand(Migrations migrations, StatusReports reports, ObjectMapper json) {
    this.migrations = migrations;
    this.reports = reports;
    this.json = json;
  }

  @Override
  public String name() {
    return "status";
  }

  @Override
  public boolean changes() {
    return false;
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    List<Migration> asked =
        arguments.migration().map(name -> List.of(migrations.named(name))).orElse(migrations.all());
    Uni<List<MigrationStatus>> read = Uni.createFrom().deferred(() -> read(asked));
    return arguments.watch()
        ? watch(read, arguments.json())
        : read.invoke(all -> System.out.println(text(all, arguments.json(), false))).replaceWith(0);
  }

  private Uni<List<MigrationStatus>> read(List<Migration> asked) {
    return Sequential.map(asked, reports::of);
  }

  /** A look that fails says so where the status would stand, and the next one is a second later. */
  private Uni<Integer> watch(Uni<List<MigrationStatus>> read, boolean asJson) {
    return read.invoke(
            all -> {
              System.out.println(terminal.clear() + text(all, asJson, true));
              System.out.flush();
            })
        .replaceWithVoid()
        .onFailure()
        .recoverWithUni(
            failure -> {
              System.err.println(terminal.clear() + "the status cannot be read: " + failure);
              return Uni.createFrom().voidItem();
            })
        .repeat()
        .withDelay(REFRESH)
        .indefinitely()
        .onItem()
        .ignoreAsUni()
        .replaceWith(0);
  }

  private String text(List<MigrationStatus> all, boolean asJson, boolean compact) {
    if (!asJson) {
      List<String> page =
          all.size() == 1 ? StatusPage.of(all.get(0), terminal) : StatusPage.of(all, terminal);
      return String.join("\n", page);
    }
    try {
      return (compact ? json.writer() : json.writerWithDefaultPrettyPrinter())
          .writeValueAsString(all);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a status that is not JSON", e);
    }
  }
}
