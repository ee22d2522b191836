package io.zerodowntime.app.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line: its commands, their options and help texts. Built by calls, not by annotations:
 * a native executable then needs no reflection for it. Known before the application boots, so help
 * and mistakes need no database.
 */
public final class CommandSyntax {
  private static final String NAME = "zerodowntime";
  private static final String COMPLETION = "completion";
  private static final String WRITE = "--write";
  private static final String JSON = "--json";
  private static final String WATCH = "--watch";
  private static final String SEE_HELP = ": --help shows those that exist";
  private static final int BEGINNING = 3;
  private static final String FAILED = "it failed; one line on the standard error says why";
  private static final String FORBIDDEN =
      "the protocol forbids it now; each closed gate is printed";
  private static final String[] DATABASE = {
    "",
    "DATABASE_URL=postgresql://user:password@host:port/database names the PostgreSQL server, 14 to"
        + " 18, a managed one too; servers that only speak its protocol (YugabyteDB, CockroachDB,"
        + " Aurora DSQL, Redshift, Greenplum, ...) are refused. Without it an embedded one keeps"
        + " its data in .zerodowntime below the working directory."
  };

  private final CommandLine line;

  /**
   * @param version as {@code --version} prints it
   */
  public CommandSyntax(String version) {
    CommandSpec root = spec(NAME, "Changes the schema of a busy table while services write it.");
    root.version(NAME + " " + version)
        .addOption(
            OptionSpec.builder("--version")
                .versionHelp(true)
                .description("Shows the version.")
                .build());
    root.usageMessage().footer(DATABASE);
    exits(root, Map.of("2", "a wrong command line, or no database"));
    root.addSubcommand("serve", serve())
        .addSubcommand("plan", plan())
        .addSubcommand(
            "expand",
            exits(
                spec("expand", "Applies every schema change that is due."),
                Map.of("0", "nothing is due now", "1", FAILED)))
        .addSubcommand("backfill", backfill())
        .addSubcommand("verify", verify())
        .addSubcommand("status", status())
        .addSubcommand(
            "contract",
            exits(
                migration(spec("contract", "Drops the old columns and prints the certificate.")),
                Map.of("0", "they are dropped", "1", FAILED, "3", FORBIDDEN)))
        .addSubcommand(
            COMPLETION,
            spec(COMPLETION, "Prints the completion of commands and options for bash and zsh."));
    line = new CommandLine(root);
  }

  private static CommandSpec serve() {
    return exits(
        spec("serve", "Serves orders and migrations on port 3000 (the default command)."),
        Map.of("0", "it was stopped", "1", FAILED, "2", "it cannot start"));
  }

  private static CommandSpec plan() {
    return exits(
            migration(spec("plan", "Shows schema changes, locks and estimates of migrations.")),
            Map.of("0", "done", "1", "a definition is refused, or a file is there and differs"))
        .addOption(
            OptionSpec.builder(WRITE)
                .type(String.class)
                .paramLabel("directory")
                .description("Writes the changelog files to this directory.")
                .build());
  }

  private static CommandSpec backfill() {
    return exits(
            migration(spec("backfill", "Works on the backfill until it is complete.")),
            Map.of("0", "it is complete", "1", "it was cancelled, or failed", "3", FORBIDDEN))
        .addOption(json("Prints a line of JSON each second, as without a terminal."));
  }

  private static CommandSpec verify() {
    return exits(
            migration(spec("verify", "Compares the old and the new columns of every row.")),
            Map.of("0", "every row agrees", "1", "rows disagree, or it failed", "3", FORBIDDEN))
        .addOption(json("Prints a line of JSON each second, as without a terminal."));
  }

  private static CommandSpec status() {
    return exits(
            migration(spec("status", "Shows where migrations stand.")),
            Map.of("0", "it was shown", "1", FAILED))
        .addOption(json("Prints the answer of GET /migrations."))
        .addOption(
            OptionSpec.builder(WATCH)
                .description("Shows it again each second, until a signal comes.")
                .build());
  }

  private static OptionSpec json(String description) {
    return OptionSpec.builder(JSON).description(description).build();
  }

  private static CommandSpec spec(String name, String description) {
    CommandSpec spec =
        CommandSpec.create()
            .name(name)
            .addOption(
                OptionSpec.builder("-h", "--help")
                    .usageHelp(true)
                    .description("Shows this.")
                    .build());
    spec.usageMessage().description(description).width(100);
    return spec;
  }

  private static CommandSpec migration(CommandSpec spec) {
    return spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("migration")
            .arity("0..1")
            .type(String.class)
            .description("The name of a migration; may be left out if there is only one.")
            .build());
  }

  private static CommandSpec exits(CommandSpec spec, Map<String, String> statuses) {
    Map<String, String> sorted = new LinkedHashMap<>();
    statuses.keySet().stream().sorted().forEach(key -> sorted.put(key, statuses.get(key)));
    spec.usageMessage().exitCodeListHeading("%nExit status:%n").exitCodeList(sorted);
    return spec;
  }

  /**
   * What is to be printed instead of work: help, the version, the completion.
   *
   * @return empty if the command line names a command that is to be run
   * @throws IllegalArgumentException if there is a mistake in it, with one line that says which
   */
  public Optional<String> answer(String... arguments) {
    ParseResult result = parsed(arguments);
    ParseResult last = result.hasSubcommand() ? result.subcommand() : result;
    if (last.isUsageHelpRequested()) {
      return Optional.of(last.commandSpec().commandLine().getUsageMessage());
    }
    if (last.isVersionHelpRequested()) {
      return Optional.of(String.join("\n", result.commandSpec().version()) + "\n");
    }
    if (!result.hasSubcommand()) {
      throw new IllegalArgumentException("no command is given" + SEE_HELP);
    }
    return last.commandSpec().name().equals(COMPLETION)
        ? Optional.of(AutoComplete.bash(NAME, line))
        : Optional.empty();
  }

  private ParseResult parsed(String... arguments) {
    try {
      return line.parseArgs(arguments);
    } catch (UnmatchedArgumentException e) {
      throw new IllegalArgumentException(unknown(e), e);
    } catch (ParameterException e) {
      String command = e.getCommandLine().getCommandName();
      throw new IllegalArgumentException(command + ": " + e.getMessage(), e);
    }
  }

  private String unknown(UnmatchedArgumentException mistake) {
    String first = mistake.getUnmatched().get(0);
    List<String> near =
        mistake.getSuggestions().stream().filter(each -> beginsAs(each, first)).toList();
    String hint = near.isEmpty() ? SEE_HELP : ", did you mean " + String.join(" or ", near) + "?";
    if (mistake.getCommandLine() != line) {
      return "%s: %s is not expected%s"
          .formatted(mistake.getCommandLine().getCommandName(), first, hint);
    }
    return "unknown %s %s%s".formatted(first.startsWith("-") ? "option" : "command", first, hint);
  }

  private static boolean beginsAs(String known, String typed) {
    return known.regionMatches(0, typed, 0, BEGINNING);
  }

  /**
   * The parts of a command line that names a command.
   *
   * @throws IllegalArgumentException as {@link #answer} does
   */
  CommandArguments arguments(String... arguments) {
    ParseResult command = parsed(arguments).subcommand();
    if (command == null) {
      throw new IllegalArgumentException("no command is given" + SEE_HELP);
    }
    return new CommandArguments(
        command.commandSpec().name(),
        optional(command.matchedPositionalValue(0, "")),
        optional(command.matchedOptionValue(WRITE, "")),
        command.hasMatchedOption(JSON),
        command.hasMatchedOption(WATCH));
  }

  private static Optional<String> optional(@Nullable String value) {
    return Optional.ofNullable(value).filter(text -> !text.isEmpty());
  }
}
