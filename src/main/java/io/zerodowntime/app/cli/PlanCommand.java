package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.plan.MigrationPlan;
import io.zerodowntime.migration.plan.PlanFile;
import io.zerodowntime.migration.plan.PlanFiles;
import io.zerodowntime.migration.plan.Plans;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Shows what migrations will do, or writes their changelog files; exit status 1 if one cannot. */
@ApplicationScoped
class PlanCommand implements Command {
  private final Migrations migrations;
  private final Plans plans;

  PlanCommand(Migrations migrations, Plans plans) {
    this.migrations = migrations;
    this.plans = plans;
  }

  @Override
  public String name() {
    return "plan";
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    Optional<Path> directory = arguments.write().map(Path::of);
    List<Migration> asked =
        arguments.migration().map(name -> List.of(migrations.named(name))).orElse(migrations.all());
    return Sequential.map(asked, this::plan)
        .chain(
            found -> {
              List<MigrationPlan> all = found.stream().flatMap(Optional::stream).toList();
              return show(all, directory).replaceWith(all.size() == found.size() ? 0 : 1);
            });
  }

  /** A definition that is refused leaves the others alone. */
  private Uni<Optional<MigrationPlan>> plan(Migration migration) {
    return plans
        .of(migration)
        .map(Optional::of)
        .onFailure(Refused.class)
        .recoverWithItem(
            refused -> {
              System.err.printf("no plan of %s: %s%n", migration.name(), refused.getMessage());
              return Optional.empty();
            });
  }

  private static Uni<Void> show(List<MigrationPlan> all, Optional<Path> directory) {
    if (directory.isEmpty()) {
      all.forEach(PlanCommand::print);
      return Uni.createFrom().voidItem();
    }
    return Uni.createFrom()
        .<List<String>>emitter(
            emitter -> {
              try {
                emitter.complete(PlanFiles.write(directory.get(), unreleased(all)));
              } catch (IOException e) {
                emitter.fail(e);
              }
            })
        .runSubscriptionOn(Infrastructure.getDefaultWorkerPool())
        .invoke(written -> say(all, directory.get(), written))
        .replaceWithVoid();
  }

  /** What is registered has run: written anew, it would run a second time and fail. */
  private static List<PlanFile> unreleased(List<MigrationPlan> all) {
    return all.stream()
        .filter(plan -> !plan.registered())
        .flatMap(plan -> plan.files().stream())
        .toList();
  }

  private static void say(List<MigrationPlan> all, Path directory, List<String> written) {
    for (MigrationPlan plan : all) {
      if (plan.registered()) {
        System.out.printf("%s is registered: no file is written%n", plan.migration());
      } else {
        plan.files()
            .forEach(
                file ->
                    System.out.printf(
                        "%s: %s%n",
                        directory.resolve(file.name()),
                        written.contains(file.name()) ? "written" : "as it was"));
      }
      System.out.print(plan.report());
    }
  }

  private static void print(MigrationPlan plan) {
    plan.files().forEach(file -> System.out.printf("-- ==== %s%n%s%n", file.name(), file.text()));
    System.out.print(plan.report());
  }
}
