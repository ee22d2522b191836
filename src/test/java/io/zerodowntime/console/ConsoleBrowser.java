package io.zerodowntime.console;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The Chromium of this machine; it downloads none, and reaches no host but this one. */
final class ConsoleBrowser implements AutoCloseable {
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/bin/chromium"),
          Path.of("/usr/bin/chromium-browser"),
          Path.of("/usr/bin/google-chrome"));
  private static final List<String> OPTIONS =
      List.of(
          "--no-sandbox",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-default-apps",
          "--disable-domain-reliability",
          "--disable-sync",
          "--disable-dev-shm-usage",
          "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1");

  private final Playwright playwright;
  private final Browser browser;

  /** What pages complained about: scripts that failed, and what their policy forbade. */
  private final List<String> complaints = new ArrayList<>();

  ConsoleBrowser() {
    PlaywrightAssertions.setDefaultAssertionTimeout((double) Timeouts.LIMIT.toMillis());
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(installed().orElseThrow())
                    .setHeadless(true)
                    .setTimeout((double) Timeouts.LIMIT.toMillis())
                    .setArgs(OPTIONS));
  }

  /** Whether there is one; without it the tests of the console are skipped. */
  static boolean isInstalled() {
    return installed().isPresent();
  }

  private static Optional<Path> installed() {
    return PLACES.stream().filter(Files::isExecutable).findFirst();
  }

  /** A page of a desktop, in light colors. */
  Page desktop() {
    return page(1280, 900, ColorScheme.LIGHT);
  }

  /** A page in a window of its own, with no session. */
  Page page(int width, int height, ColorScheme colors) {
    BrowserContext context =
        browser.newContext(
            new Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setColorScheme(colors)
                .setAcceptDownloads(true));
    context.setDefaultTimeout((double) Timeouts.LIMIT.toMillis());
    Page page = context.newPage();
    page.onPageError(complaints::add);
    page.onConsoleMessage(
        message -> {
          if (message.type().equals("error")
              && message.text().contains("Content Security Policy")) {
            complaints.add(message.text());
          }
        });
    return page;
  }

  List<String> complaints() {
    return List.copyOf(complaints);
  }

  /** Keeps what the page shows, as a product of the build. */
  static void screenshot(Page page, String name) {
    Path directory = Path.of("target", "console");
    page.screenshot(
        new Page.ScreenshotOptions().setPath(directory.resolve(name + ".png")).setFullPage(true));
  }

  @Override
  public void close() {
    Stream.<AutoCloseable>of(browser, playwright)
        .forEach(
            each -> {
              try {
                each.close();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
  }
}
