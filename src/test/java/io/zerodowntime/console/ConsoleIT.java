package io.zerodowntime.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static io.zerodowntime.console.ConsoleBrowser.screenshot;
import static io.zerodowntime.console.ConsoleService.MIGRATION;
import static io.zerodowntime.console.ConsoleService.awaitPhase;
import static io.zerodowntime.console.ConsoleService.button;
import static io.zerodowntime.console.ConsoleService.named;
import static io.zerodowntime.console.ConsoleService.region;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The console of the packaged program, as people use it: by a mouse, by the keyboard alone. */
@EnabledIf(
    value = "io.zerodowntime.console.ConsoleBrowser#isInstalled",
    disabledReason = "no Chromium: apt-get install chromium")
class ConsoleIT {
  private static ConsoleBrowser browser;

  @TempDir Path directory;

  @BeforeAll
  static void launch() {
    browser = new ConsoleBrowser();
  }

  @AfterAll
  static void quit() {
    browser.close();
  }

  @Test
  void aMigrationIsWalkedByClicking() throws Exception {
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      service.orders(2000);
      Page page = service.open(browser.desktop(), "operator");
      Locator step = region(page, "Next step");
      assertThat(step).containsText("Next step: 0 → 1");
      assertThat(step).containsText("instances-dual-write");
      assertThat(step).containsText("echo true > WRITE_TO_NEW");

      button(page, "Set local flags to phase 1").click();
      awaitPhase(page, "1 dual-write");
      assertThat(step.locator("li.closed", having("backfill-complete")))
          .containsText("What opens it");
      button(page, "Start backfill").click();
      Locator backfill = region(page, "Backfill");
      assertThat(backfill).containsText("forward, complete");
      assertThat(region(page, "Parity")).containsText("parity, complete");
      assertThat(step.locator("li.closed")).hasCount(0);
      screenshot(page, "walk");

      button(page, "Set local flags to phase 2").click();
      awaitPhase(page, "2 read-new");
      button(page, "Compare every row").click();
      assertThat(page.getByText("Comparison: accepted.")).isVisible();
      assertThat(step.locator("li.closed")).hasCount(0);
      button(page, "Set local flags to phase 3").click();
      awaitPhase(page, "3 contract");
      contract(page);
      assertThat(step).containsText("The old columns are dropped.");
      assertThat(step.locator("li.closed")).hasCount(0);
      certificate(page);
      screenshot(page, "contracted");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  private static Locator.LocatorOptions having(String text) {
    return new Locator.LocatorOptions().setHasText(text);
  }

  /** A name typed wrong does nothing. */
  private static void contract(Page page) {
    assertThat(region(page, "Next step")).containsText("Next step: drop");
    assertThat(region(page, "Next step").locator("li.closed")).hasCount(0);
    button(page, "Contract …").click();
    Locator drop = button(page, "Drop the old columns");
    assertThat(drop).isDisabled();
    Locator typed = page.getByLabel("Type " + MIGRATION + " to confirm");
    typed.fill("orders-statu");
    assertThat(drop).isDisabled();
    typed.fill(MIGRATION);
    drop.click();
    assertThat(page.getByText("Contract: done.")).isVisible();
  }

  private static void certificate(Page page) throws IOException {
    Download saved = page.waitForDownload(() -> button(page, "Download certificate").click());
    assertThat(saved.suggestedFilename()).isEqualTo(MIGRATION + "-certificate.json");
    assertThat(new ObjectMapper().readTree(saved.path().toFile()).get("requestedBy").asText())
        .isEqualTo("operator");
  }

  @Test
  void aLostConnectionIsSeenAndComesBack() throws Exception {
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      Page page = service.open(browser.desktop(), "operator");
      Locator lost = page.locator("#lost");
      Locator age = page.locator("#age");
      assertThat(age).containsText("Live: data of");
      assertThat(lost).isHidden();

      service.signal("STOP");
      assertThat(lost).containsText("The service sent nothing for 5 seconds.");
      assertThat(age).containsText("Not live: data of");
      screenshot(page, "lost");
      service.signal("CONT");
      assertThat(lost).isHidden();
      assertThat(age).containsText(Pattern.compile("^Live: data of [0-3] s ago$"));

      service.stop();
      assertThat(lost).containsText("The service does not answer.");
      service.start();
      assertThat(lost).isHidden();
      // the session lasts, as all instances share its key
      assertThat(region(page, "Next step")).containsText("Next step: 0 → 1");
    }
  }

  @Test
  void textsOfOthersDoNotRun() throws Exception {
    String hostile = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>";
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      service.orders(10);
      service.sql(
          """
          INSERT INTO migration_history
            (migration, kind, epoch, from_phase, to_phase, instance, reason, evidence)
          VALUES ('orders-status', 'step', 0, 0, 1, '%1$s', '%1$s', '{"%1$s": "%1$s"}');
          INSERT INTO parity_mismatch (migration, key, epoch, source, old_value, new_value)
          VALUES ('orders-status', '%1$s', 0, 'scan', '%1$s', '%1$s');
          """
              .formatted(hostile));
      Files.writeString(service.flag("READ_FROM_NEW"), "<img src=x>");
      try (Connection holder = service.connect();
          Statement statement = holder.createStatement()) {
        holder.setAutoCommit(false);
        statement.execute("SET application_name = '" + hostile.substring(0, 32) + "'");
        statement.execute("UPDATE orders SET amount = amount WHERE id = 1");
        Page page = service.open(browser.desktop(), "operator");
        assertThat(region(page, "Instances")).containsText("READ_FROM_NEW is \"<img src=x>\"");
        assertThat(region(page, "History")).containsText(hostile);
        assertThat(region(page, "Parity")).containsText(hostile);
        region(page, "History").getByText("Evidence").first().click();
        assertThat(region(page, "History").locator("pre").first()).containsText(hostile);
        Files.writeString(service.flag("READ_FROM_NEW"), "false");
        button(page, "Set local flags to phase 1").click();
        assertThat(region(page, "Grace period")).containsText("<script>window.hacked=1</script>");
        assertThat(page.locator("main script, main img")).hasCount(0);
        assertThat(page.evaluate("window.hacked")).isNull();
        holder.commit();
        awaitPhase(page, "1 dual-write");
      }
      Page unknown = service.signIn(browser.desktop(), "viewer");
      unknown.navigate(service.url() + "#/migrations/%3Cscript%3Ewindow.hacked=1%3C%2Fscript%3E");
      assertThat(unknown.getByRole(AriaRole.ALERT)).containsText("<script>window.hacked=1");
      assertThat(unknown.evaluate("window.hacked")).isNull();
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void aViewerHasNoButtonsThatChangeAnything() throws Exception {
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      Page page = browser.desktop();
      page.navigate(service.url());
      page.getByLabel("User").fill("viewer");
      page.getByLabel("Password").fill("wrong");
      button(page, "Sign in").click();
      assertThat(page.getByRole(AriaRole.ALERT)).containsText("User or password is wrong.");
      service.open(page, "viewer");
      assertThat(region(page, "Next step")).containsText("echo true > DUAL_WRITE");
      assertThat(page.getByText("viewer (reads only)")).isVisible();
      assertThat(page.getByRole(AriaRole.BUTTON).allTextContents())
          .isSubsetOf("Sign out", "Copy", "Show more", "Download history", "Download certificate");
      button(page, "Sign out").click();
      assertThat(page.getByRole(AriaRole.HEADING, named("Sign in"))).isVisible();
      page.reload();
      assertThat(page.getByRole(AriaRole.HEADING, named("Sign in"))).isVisible();
    }
  }

  @Test
  void aThousandEntriesOfTheHistoryAreShownAndSaved() throws Exception {
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      service.sql(
          """
          INSERT INTO migration_history
            (migration, kind, epoch, from_phase, to_phase, instance, reason, evidence)
          SELECT 'orders-status', 'step', n, n % 2, 1 - n % 2, 'pod', 'reason ' || n, '{}'
          FROM generate_series(1, 1000) AS n
          """);
      Page page = service.open(browser.desktop(), "viewer");
      Locator history = region(page, "History");
      assertThat(history.locator("tbody tr")).hasCount(50);
      assertThat(history.locator("tbody tr").first()).containsText("reason 1000");
      Download saved = page.waitForDownload(() -> button(page, "Download history").click());
      assertThat(new ObjectMapper().readTree(saved.path().toFile())).hasSize(1000);
      for (int rows = 100; rows <= 1000; rows += 50) {
        button(page, "Show more").click();
        assertThat(history.locator("tbody tr")).hasCount(rows);
      }
      assertThat(history.locator("tbody tr").last()).containsText("reason 1");
      assertThat(button(page, "Show more")).isHidden();
    }
  }

  @Test
  void theKeyboardAloneIsEnough() throws Exception {
    try (ConsoleService service = new ConsoleService(directory, Map.of())) {
      service.orders(100);
      Page page = browser.desktop();
      page.navigate(service.url());
      assertThat(page.getByLabel("User")).isFocused();
      page.keyboard().type("operator");
      page.keyboard().press("Tab");
      page.keyboard().type(ConsoleService.PASSWORD);
      page.keyboard().press("Enter");
      assertThat(page.getByRole(AriaRole.HEADING, named("Migrations"))).isFocused();
      press(page, page.getByRole(AriaRole.LINK, ConsoleService.linked(MIGRATION + ", phase")));
      assertThat(page.getByRole(AriaRole.HEADING, named(MIGRATION))).isFocused();
      press(page, button(page, "Set local flags to phase 1"));
      awaitPhase(page, "1 dual-write");
      press(page, button(page, "Start backfill"));
      assertThat(region(page, "Parity")).containsText("parity, complete");
      // snapshots came meanwhile, and the focus is where it was
      press(page, button(page, "Set local flags to phase 2"));
      awaitPhase(page, "2 read-new");
      assertThat(
              page.locator(
                  "button", new Page.LocatorOptions().setHasText("Set local flags to phase 3")))
          .isFocused();
    }
  }

  /** Goes on by Tab until the element has the focus, and presses Enter. */
  private static void press(Page page, Locator wanted) {
    assertThat(wanted).isVisible();
    for (int i = 0; i < 60 && !isFocused(wanted); i++) {
      page.keyboard().press("Tab");
    }
    assertThat(wanted).isFocused();
    page.keyboard().press("Enter");
  }

  private static boolean isFocused(Locator wanted) {
    return Boolean.TRUE.equals(wanted.evaluate("each => each === document.activeElement"));
  }
}
