package io.zerodowntime.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.schema.Certificate;
import io.zerodowntime.migration.schema.OldColumnDrop;
import jakarta.enterprise.context.ApplicationScoped;

/** Drops the old column and prints the certificate; exit status 3 while a gate is closed. */
@ApplicationScoped
class ContractCommand implements Command {
  private final Migrations migrations;
  private final OldColumnDrop drop;
  private final ObjectMapper json;

  ContractCommand(Migrations migrations, OldColumnDrop drop, ObjectMapper json) {
    this.migrations = migrations;
    this.drop = drop;
    this.json = json;
  }

  @Override
  public String name() {
    return "contract";
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    return drop.contract(MigrationArgument.of(migrations, arguments), Actor.command())
        .invoke(certificate -> System.out.println(print(certificate)))
        .replaceWith(0)
        .onFailure(Refused.class)
        .recoverWithItem(BackfillCommand::forbidden);
  }

  private String print(Certificate certificate) {
    try {
      return json.writerWithDefaultPrettyPrinter().writeValueAsString(certificate);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a certificate that is no JSON", e);
    }
  }
}
