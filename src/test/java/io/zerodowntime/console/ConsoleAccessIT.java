package io.zerodowntime.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static io.zerodowntime.console.ConsoleBrowser.screenshot;
import static io.zerodowntime.console.ConsoleService.button;
import static io.zerodowntime.console.ConsoleService.region;
import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The console on a desktop and on a phone, in light and dark colors: axe finds nothing. */
@EnabledIf(
    value = "io.zerodowntime.console.ConsoleBrowser#isInstalled",
    disabledReason = "no Chromium: apt-get install chromium")
class ConsoleAccessIT {
  private static final List<String> RULES =
      List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice");

  /** Small batches far apart: the backfill lasts longer than the test looks at it. */
  private static final Map<String, String> SETTINGS =
      Map.of("BACKFILL_BATCH_SIZE", "100", "BACKFILL_TARGET_LOAD", "0.01");

  /** Takes the lock that a vacuum takes, which makes the pace slower. */
  private static final String AS_A_VACUUM = "LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE";

  private static final String MISMATCHES =
      """
      INSERT INTO parity_mismatch (migration, key, epoch, source)
      SELECT 'orders-status', n, 1, 'scan' FROM generate_series(1, 30) AS n
      """;

  @TempDir Path directory;

  @Test
  void axeFindsNothingAndNothingIsWiderThanThePage() throws Exception {
    try (ConsoleBrowser browser = new ConsoleBrowser();
        ConsoleService service = new ConsoleService(directory, SETTINGS)) {
      service.orders(30_000);
      Page page = service.open(browser.desktop(), "operator");
      button(page, "Set local flags to phase 1").click();
      ConsoleService.awaitPhase(page, "1 dual-write");
      button(page, "Start backfill").click();
      try (Connection other = service.connect();
          Statement lock = other.createStatement()) {
        other.setAutoCommit(false);
        lock.execute(AS_A_VACUUM);
        assertThat(region(page, "Backfill")).containsText("maintenance: pid");
        for (ColorScheme colors : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
          check(service, browser.page(1280, 900, colors), "desktop-" + name(colors));
          check(service, browser.page(390, 844, colors), "phone-" + name(colors));
        }
        other.rollback();
      }
      button(page, "Cancel").click();
      assertThat(region(page, "Backfill")).containsText("forward, cancelled");
      service.sql(MISMATCHES);
      assertThat(region(page, "Parity")).containsText("The first 10 of them are shown.");
      axe(page, "rows that disagree");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  private static String name(ColorScheme colors) {
    return colors == ColorScheme.DARK ? "dark" : "light";
  }

  private static void check(ConsoleService service, Page page, String name) {
    page.navigate(service.url());
    assertThat(button(page, "Sign in")).isVisible();
    axe(page, name + ", sign-in");
    service.signIn(page, "operator");
    assertThat(page.locator("li[aria-current=step]")).isVisible();
    axe(page, name + ", list");
    service.open(page);
    page.getByText("What the pace looks at").click();
    assertThat(region(page, "Backfill")).containsText("vacuums or analyzes");
    assertThat(region(page, "History")).containsText("step 0 → 1");
    assertThat(page.locator(".plot canvas")).isVisible();
    axe(page, name + ", migration");
    assertThat((Boolean) page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
        .as("nothing is wider than the page: " + name)
        .isTrue();
    screenshot(page, name);
    page.context().close();
  }

  private static void axe(Page page, String what) {
    assertThat(new AxeBuilder(page).withTags(RULES).analyze().getViolations())
        .as(what)
        .map(rule -> rule.getId() + ": " + rule.getNodes())
        .isEmpty();
    assertThat(page.getByRole(AriaRole.MAIN)).hasCount(1);
  }
}
