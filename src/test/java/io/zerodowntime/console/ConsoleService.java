package io.zerodowntime.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A process of the packaged program that may write its own flags, and what people do with it. */
final class ConsoleService implements AutoCloseable {
  static final String MIGRATION = "orders-status";
  static final String PASSWORD = "correct horse";
  private static final List<String> FLAGS = List.of("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW");

  private static final String ORDERS =
      """
      INSERT INTO orders (user_id, amount, old_status)
      SELECT 1 + n %% 50, 10, (ARRAY['PENDING', 'PAID', 'SHIPPED'])[1 + n %% 3]
      FROM generate_series(1, %d) AS n
      """;

  private final Path directory;
  private final int port;
  private final Map<String, String> environment = new HashMap<>();
  private final TestDatabase database = TestPostgres.create(ConsoleIT.class);
  private ServiceProcess process;

  /**
   * Starts it on a database without orders.
   *
   * @param settings environment variables beside the usual ones
   */
  ConsoleService(Path directory, Map<String, String> settings) throws IOException {
    this.directory = directory;
    Path flags = Files.createDirectory(directory.resolve("flags"));
    for (String flag : FLAGS) {
      Files.writeString(flags.resolve(flag), "false");
    }
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    environment.putAll(
        Map.of(
            "DATABASE_URL",
            database.url(),
            "FLAGS_DIR",
            flags.toString(),
            "OPERATOR_PASSWORD",
            PASSWORD,
            "VIEWER_PASSWORD",
            PASSWORD,
            "SESSION_KEY",
            "a key that several instances share",
            "MIGRATION_SOAK",
            "0s",
            "MIGRATION_AUTO_EXPAND",
            "true",
            "MIGRATION_LOCAL_FLAGS",
            "true"));
    environment.putAll(settings);
    start();
  }

  /** Starts it again on the same port. */
  void start() {
    process = ServiceProcess.start(directory, port, environment).awaitReady();
  }

  /** The same, with settings beside those that it has. */
  void startAgain(Map<String, String> settings) {
    stop();
    environment.putAll(settings);
    start();
  }

  void stop() {
    process.close();
  }

  void signal(String name) throws IOException, InterruptedException {
    process.signal(name);
  }

  Path flag(String name) {
    return directory.resolve("flags").resolve(name);
  }

  String url() {
    return "http://localhost:" + port + "/";
  }

  void orders(int count) throws SQLException {
    sql(ORDERS.formatted(count));
  }

  void sql(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  Connection connect() throws SQLException {
    return database.dataSource().getConnection();
  }

  /** Opens the console and signs in. */
  Page signIn(Page page, String user) {
    page.navigate(url());
    page.getByLabel("User").fill(user);
    page.getByLabel("Password").fill(PASSWORD);
    button(page, "Sign in").click();
    assertThat(page.getByRole(AriaRole.HEADING, named("Migrations"))).isVisible();
    return page;
  }

  /** Signs in, and clicks the migration of orders. */
  Page open(Page page, String user) {
    return open(signIn(page, user));
  }

  /** Clicks the migration of orders in the list. */
  Page open(Page page) {
    page.getByRole(AriaRole.LINK, linked(MIGRATION + ", phase")).click();
    assertThat(page.getByText("Table orders:")).isVisible();
    return page;
  }

  static Locator button(Page page, String name) {
    return page.getByRole(
        AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
  }

  static Locator region(Page page, String name) {
    return page.locator("section[aria-label='" + name + "']");
  }

  static Page.GetByRoleOptions named(String name) {
    return new Page.GetByRoleOptions().setName(name).setExact(true);
  }

  static Page.GetByRoleOptions linked(String begin) {
    return new Page.GetByRoleOptions().setName(begin);
  }

  /** Waits until the phase is in force and its grace period is over. */
  static void awaitPhase(Page page, String phase) {
    assertThat(page.locator("li[aria-current=step]")).containsText(phase);
    assertThat(region(page, "Grace period")).containsText("Over:");
  }

  @Override
  public void close() {
    process.close();
  }
}
