package io.zerodowntime.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static io.zerodowntime.console.ConsoleBrowser.screenshot;
import static io.zerodowntime.console.ConsoleService.MIGRATION;
import static io.zerodowntime.console.ConsoleService.linked;
import static io.zerodowntime.console.ConsoleService.named;
import static io.zerodowntime.console.ConsoleService.region;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The console of a service with several migrations: their list, and the page of one of them. */
@EnabledIf(
    value = "io.zerodowntime.console.ConsoleBrowser#isInstalled",
    disabledReason = "no Chromium: apt-get install chromium")
class ConsoleListIT {
  @TempDir Path directory;

  @Test
  void severalMigrationsAreListedAndOpened() throws Exception {
    try (ConsoleBrowser browser = new ConsoleBrowser();
        ConsoleService service = new ConsoleService(directory, Map.of())) {
      service.sql(SeveralMigrations.REGISTER);
      service.startAgain(Map.of("MIGRATIONS_FILE", SeveralMigrations.file(directory).toString()));
      Page page = service.signIn(browser.desktop(), "viewer");
      assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setLevel(2)))
          .hasText(new String[] {MIGRATION, "t1", "t2", "t3", "t4", "t5"});
      assertThat(page.locator("li[aria-current=step]")).hasCount(6);
      screenshot(page, "list");
      page.getByRole(AriaRole.LINK, linked("t3, phase")).click();
      assertThat(page.getByText("Table t3: o → n")).isVisible();
      assertThat(region(page, "Next step")).containsText("t3.DUAL_WRITE");
      writersOutside(service, page);
      page.getByRole(AriaRole.LINK, named("All migrations")).click();
      assertThat(page.getByRole(AriaRole.HEADING, named("Migrations"))).isFocused();
    }
  }

  /** The triggers of {@code sync: detect} record them; their names are texts of others. */
  private static void writersOutside(ConsoleService service, Page page) throws Exception {
    Locator instances = region(page, "Instances");
    assertThat(instances.getByRole(AriaRole.HEADING, level(3))).isHidden();
    service.sql(
        "INSERT INTO unfenced_writer VALUES ('t3', '<img src=x onerror=window.hacked=1>', 'report',"
            + " 'UPDATE t3 SET o = ?', now(), now())");
    assertThat(instances.getByRole(AriaRole.HEADING, level(3))).containsText("Writers of one side");
    assertThat(instances).containsText("<img src=x onerror=window.hacked=1>");
    assertThat(instances).containsText("UPDATE t3 SET o = ?");
    assertThat(page.evaluate("window.hacked")).isNull();
  }

  private static Locator.GetByRoleOptions level(int level) {
    return new Locator.GetByRoleOptions().setLevel(level);
  }
}
