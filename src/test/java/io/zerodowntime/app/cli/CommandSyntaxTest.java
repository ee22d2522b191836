package io.zerodowntime.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves what the command line takes, and that each mistake in it is one line. */
class CommandSyntaxTest {
  private final CommandSyntax syntax = new CommandSyntax("1.2.3");

  @Test
  void theHelpNamesEveryCommand() {
    assertThat(syntax.answer("--help").orElseThrow())
        .contains(
            "serve", "plan", "expand", "backfill", "verify", "status", "contract", "completion")
        .contains("DATABASE_URL")
        .doesNotContain("train");
  }

  @ParameterizedTest
  @ValueSource(strings = {"serve", "plan", "expand", "backfill", "verify", "status", "contract"})
  void eachCommandHasHelpWithItsExitStatuses(String command) {
    assertThat(syntax.answer(command, "--help").orElseThrow())
        .contains("Usage: zerodowntime " + command, "Exit status:", "  0   ");
  }

  @Test
  void theVersionIsOneLine() {
    assertThat(syntax.answer("--version")).contains("zerodowntime 1.2.3\n");
  }

  @Test
  void theCompletionKnowsCommandsAndOptions() {
    assertThat(syntax.answer("completion").orElseThrow())
        .startsWith("#!/usr/bin/env bash")
        .contains("complete -F", "backfill", "--watch");
  }

  @Test
  void commandsAreRun() {
    assertThat(syntax.answer("plan", "orders-status", "--write", "out")).isEmpty();
    assertThat(syntax.arguments("plan", "orders-status", "--write", "out"))
        .isEqualTo(
            new CommandArguments(
                "plan", Optional.of("orders-status"), Optional.of("out"), false, false));
    assertThat(syntax.arguments("status", "--watch", "--json"))
        .isEqualTo(new CommandArguments("status", Optional.empty(), Optional.empty(), true, true));
    assertThat(syntax.arguments("expand")).isEqualTo(CommandArguments.of("expand"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "migrate               | unknown command migrate: --help shows those that exist",
        "backfil               | unknown command backfil, did you mean backfill?",
        "--versoin             | unknown option --versoin, did you mean --version?",
        "expand orders-status  | expand: orders-status is not expected",
        "plan a b              | plan: b is not expected",
        "plan --write          | plan: Missing required parameter for option '--write'",
        "status --jsn          | status: --jsn is not expected",
        "backfill --watch      | backfill: --watch is not expected",
      })
  void aMistakeIsOneLine(String line, String reason) {
    assertThatThrownBy(() -> syntax.answer(line.split(" ")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(reason)
        .message()
        .hasLineCount(1);
  }
}
