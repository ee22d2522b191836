package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The helpers of every language that this machine has keep out of every trap, while a controller
 * takes the steps; and a writer without a fence does not.
 */
@Tag("examples")
@Tag("protocol")
class HelpersIT {
  private static final Path REPORT = Path.of("target", "helpers", "traps.md");

  /** It writes by the phase of its start, as a service does that reads flags. */
  private static final String BY_START = "by-start";

  /** It reads the phase before each statement, by another one. */
  private static final String BY_LOOK = "by-look";

  @TempDir Path directory;

  private final TrapTable table = new TrapTable();

  @TestFactory
  Stream<DynamicTest> theHelpersKeepOutOfEveryTrap() throws Exception {
    try (ShopOrders orders = new ShopOrders(HelpersIT.class, directory)) {
      List<WriterProcess> writers = new ArrayList<>();
      for (Language language : Language.values()) {
        Optional<String> missing = language.missing();
        missing.ifPresent(reason -> table.skip(language.label(), reason));
        if (missing.isEmpty()) {
          writers.add(orders.writer(language.label(), language.install()));
        }
      }
      WriterTraps traps = new WriterTraps(orders, writers, table);
      traps.forward();
      traps.stepBack();
      traps.again();
      unregistered(writers);
    } finally {
      System.out.println(table.markdown());
    }
    Files.writeString(REPORT, table.markdown());
    return table.tests();
  }

  /** Not registered is neither a missing row nor another phase. */
  private void unregistered(List<WriterProcess> writers) throws IOException {
    TestDatabase elsewhere = ShopOrders.unregistered(HelpersIT.class);
    for (WriterProcess each : writers) {
      try (WriterProcess stranger = each.another(elsewhere)) {
        table.check(
            Trap.NO_ROW,
            stranger,
            writer -> assertThat(writer.ask("change", writer.row(1), "paid")).startsWith("error"));
      }
    }
  }

  @Test
  void theReadmeNamesEveryTrap() throws IOException {
    assertThat(Files.readString(Path.of("helpers", "README.md")))
        .contains(
            Stream.of(Trap.values())
                .map(trap -> "\n| %s: %s |".formatted(trap, trap.right()))
                .toList());
  }

  /** A suite that cannot fail proves nothing. */
  @Test
  void writersWithoutAFenceAreCaught() throws Exception {
    try (ShopOrders orders = new ShopOrders(HelpersIT.class, directory)) {
      List<WriterProcess> writers = new ArrayList<>();
      for (String name : List.of(BY_START, BY_LOOK)) {
        List<String> command = new ArrayList<>(Language.JAVA.install());
        command.add(name);
        writers.add(orders.writer(name, command));
      }
      WriterTraps traps = new WriterTraps(orders, writers, table);
      traps.forward();
      traps.stepBack();
      unregistered(writers);
    } finally {
      System.out.println(table.markdown());
    }
    assertThat(table.caught(BY_START))
        .containsExactlyInAnyOrder(
            Trap.ISOLATION,
            Trap.NO_ROW,
            Trap.SLOW_STATEMENT,
            Trap.STALE_PHASE,
            Trap.READ_BY_PHASE,
            Trap.PAUSED);
    assertThat(table.caught(BY_LOOK))
        .containsExactlyInAnyOrder(Trap.ISOLATION, Trap.NO_ROW, Trap.SLOW_STATEMENT);
  }
}
