package io.zerodowntime.migration.status;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.RequestedPhases;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The flags of this instance, and by which one command they ask for a neighbouring phase. */
@ApplicationScoped
public class FlagView {
  private final MigrationConfig config;
  private final RequestedPhases flags;

  FlagView(MigrationConfig config, RequestedPhases flags) {
    this.config = config;
    this.flags = flags;
  }

  /** Why the flags as they stand were refused; empty if they are valid. */
  Optional<String> refused(Migration migration) {
    return flags.current(migration).refused();
  }

  /** The commands from this phase. */
  Commands commands(Migration migration, Phase phase) {
    return new Commands(
        phase.towards(Phase.CONTRACT).map(to -> command(migration, to)),
        phase.towards(Phase.EXPAND).map(to -> command(migration, to)));
  }

  private Command command(Migration migration, Phase to) {
    String prefix = migration.name().equals(config.primary()) ? "" : migration.name() + ".";
    Flags flags = Flags.of(to);
    return new Command(
        to.number(),
        config
            .flagsConfigMap()
            .map(name -> patch(name, prefix, flags))
            .or(() -> config.flagsDir().map(directory -> write(directory, prefix, flags)))
            .orElseGet(() -> restart(prefix, flags)));
  }

  private static String patch(String configMap, String prefix, Flags flags) {
    String data =
        flags.inOrderOfWriting().stream()
            .map(flag -> "\"" + prefix + flag.getKey() + "\":\"" + flag.getValue() + "\"")
            .collect(Collectors.joining(","));
    int slash = configMap.indexOf('/');
    return "kubectl "
        + (slash < 0 ? "" : "-n " + quoted(configMap.substring(0, slash)) + " ")
        + "patch configmap "
        + quoted(configMap.substring(slash + 1))
        + " --type merge -p '{\"data\":{"
        + data
        + "}}'";
  }

  private static String write(String directory, String prefix, Flags flags) {
    Path absolute = Path.of(directory).toAbsolutePath();
    return flags.inOrderOfWriting().stream()
        .map(flag -> "echo " + flag.getValue() + " > " + prefix + flag.getKey())
        .collect(Collectors.joining(" && ", "cd " + quoted(absolute.toString()) + " && ", ""));
  }

  /** Flags of the environment are read at the start only. */
  private static String restart(String prefix, Flags flags) {
    return flags.inOrderOfWriting().stream()
        .map((Map.Entry<String, Boolean> flag) -> prefix + flag.getKey() + "=" + flag.getValue())
        .collect(Collectors.joining(" ", "# restart every instance with: ", ""));
  }

  private static String quoted(String word) {
    return word.matches("[\\w./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /**
   * The commands of both directions.
   *
   * @param forward empty in the last phase
   * @param back empty in the first phase
   */
  @RegisterForReflection
  public record Commands(Optional<Command> forward, Optional<Command> back) {}

  /**
   * One command for a shell.
   *
   * @param phase what the flags ask for after it
   */
  @RegisterForReflection
  public record Command(int phase, String command) {}
}
