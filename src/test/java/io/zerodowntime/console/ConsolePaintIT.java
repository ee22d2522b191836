package io.zerodowntime.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static io.zerodowntime.console.ConsoleService.button;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * Prints when the console is first seen; judges no time. Alone on the machine, or it would measure
 * the other tests.
 */
@Tag("alone")
@EnabledIf(
    value = "io.zerodowntime.console.ConsoleBrowser#isInstalled",
    disabledReason = "no Chromium: apt-get install chromium")
class ConsolePaintIT {
  private static final int VISITS = 7;

  /** Milliseconds from the click to the page's bytes, the stylesheet's, what is painted. */
  private static final String TIMES =
      """
      async () => {
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const latest = await new Promise((done) => new PerformanceObserver((list, observer) => {
          observer.disconnect();
          done(list.getEntries().at(-1).startTime);
        }).observe({ type: "largest-contentful-paint", buffered: true }));
        const style = performance.getEntriesByType("resource").find((each) => each.name.endsWith("console.css"));
        return {
          page: performance.getEntriesByType("navigation")[0].responseEnd,
          style: style.responseEnd,
          paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
          form: latest,
        };
      }
      """;

  @TempDir Path directory;

  @Test
  void theFirstPaintIsPrinted() throws Exception {
    try (ConsoleBrowser browser = new ConsoleBrowser();
        ConsoleService service = new ConsoleService(directory, Map.of())) {
      visit(browser, service, "cold: the first request of the service, and of the browser");
      for (int i = 1; i <= VISITS; i++) {
        visit(browser, service, "warm, with an empty cache, " + i);
      }
      Page page = browser.desktop();
      for (int i = 1; i <= VISITS; i++) {
        look(page, service, "warm, in the same tab, " + i);
      }
      assertThat(browser.complaints()).isEmpty();
    }
  }

  /** A window of its own has neither a cache nor a process: the browser makes both. */
  private static void visit(ConsoleBrowser browser, ConsoleService service, String name) {
    Page page = browser.page(1280, 900, ColorScheme.LIGHT);
    look(page, service, name);
    page.context().close();
  }

  private static void look(Page page, ConsoleService service, String name) {
    page.navigate(service.url());
    assertThat(button(page, "Sign in")).isVisible();
    Map<?, ?> times = (Map<?, ?>) page.evaluate(TIMES);
    System.out.printf(
        Locale.ROOT,
        "console, %s: page %.0f, stylesheet %.0f, first paint %.0f, form %.0f ms%n",
        name,
        millis(times, "page"),
        millis(times, "style"),
        millis(times, "paint"),
        millis(times, "form"));
  }

  private static double millis(Map<?, ?> times, String what) {
    return ((Number) Objects.requireNonNull(times.get(what))).doubleValue();
  }
}
