import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The writer of the conformance suite (helpers/README.md): commands in lines of words, an answer each. The suite must
 * catch it with an argument: {@code by-start} writes by the phase of its start, as a service does that reads flags, and
 * {@code by-look} by the phase that it reads before each statement, by another one.
 */
public final class Driver {
  private static final List<String> CREATE = List.of(
      insert("old_status", "upper($1)"),
      insert("old_status, status", "upper($1), $1"),
      insert("old_status, status", "upper($1), $1"),
      insert("status", "$1"));
  private static final List<String> CHANGE = List.of(
      update("old_status = upper($1)"),
      update("old_status = upper($1), status = $1"),
      update("old_status = upper($1), status = $1"),
      update("status = $1"));
  private static final List<String> READ =
      List.of(find("lower(old_status)"), find("lower(old_status)"), find("status"), find("status"));

  private final Fence fence;
  private Connection connection;

  private Driver(List<String> arguments) throws SQLException {
    connect();
    this.fence = arguments.isEmpty()
        ? new Fence("shop-order-status")
        : new Open(connection, arguments.contains("by-look"));
  }

  /** A fence that is open in each phase. */
  private static final class Open extends Fence {
    private final boolean looks;
    private int phase;

    Open(Connection connection, boolean looks) throws SQLException {
      super("shop-order-status");
      this.looks = looks;
      look(connection);
    }

    private void look(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT max(phase) FROM migration_state")) {
        row.next();
        phase = row.getInt(1);
      }
    }

    @Override
    public List<Map<String, Object>> send(Connection connection, List<String> variants, Object... values)
        throws SQLException {
      if (looks) {
        look(connection);
      }
      String alike = variants.get(phase);
      return super.send(connection, List.of(alike, alike, alike, alike), values);
    }

    @Override
    protected String statement(String variant, int guess) {
      return "WITH fence AS (SELECT 1), written AS (" + variant + ") SELECT " + guess
          + " AS in_force, found.* FROM (SELECT 1) AS now"
          + " LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true";
    }
  }

  private static String insert(String columns, String values) {
    return "INSERT INTO shop_orders (user_id, amount, " + columns + ") SELECT 7, 12.5, " + values
        + " FROM fence RETURNING id";
  }

  private static String update(String columns) {
    return "UPDATE shop_orders SET " + columns + " FROM fence WHERE id = $2 RETURNING id";
  }

  private static String find(String status) {
    return "SELECT " + status + " AS status FROM shop_orders, fence WHERE id = $1";
  }

  private void connect() throws SQLException {
    connection = DriverManager.getConnection(System.getenv("JDBC_URL"));
  }

  private String first(String column, List<String> variants, Object... values) throws SQLException {
    List<Map<String, Object>> rows = fence.send(connection, variants, values);
    return rows.isEmpty() ? null : String.valueOf(rows.get(0).get(column));
  }

  private String run(String command, List<String> words) throws SQLException {
    switch (command) {
      case "create":
        return first("id", CREATE, words.get(0));
      case "change":
        return first("id", CHANGE, words.get(1), Long.valueOf(words.get(0)));
      case "read":
        return first("status", READ, Long.valueOf(words.get(0)));
      case "heartbeat":
        fence.heartbeat(connection, words.get(0), Integer.parseInt(words.get(1)));
        return words.get(0);
      case "begin":
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(level(words));
        return command;
      case "commit":
        connection.commit();
        return end(command);
      case "rollback":
        connection.rollback();
        return end(command);
      default:
        throw new SQLException("unknown: " + command);
    }
  }

  private static int level(List<String> words) {
    return switch (String.join(" ", words)) {
      case "repeatable read" -> Connection.TRANSACTION_REPEATABLE_READ;
      case "serializable" -> Connection.TRANSACTION_SERIALIZABLE;
      default -> Connection.TRANSACTION_READ_COMMITTED;
    };
  }

  private String end(String command) throws SQLException {
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    connection.setAutoCommit(true);
    return command;
  }

  private String answer(List<String> words) {
    try {
      if (!connection.isValid(10)) {
        connect();
      }
      String value = run(words.get(0), words.subList(1, words.size()));
      return value == null ? "none" : "ok " + value;
    } catch (SQLException e) {
      return "error " + e.getMessage().replace('\n', ' ');
    }
  }

  public static void main(String[] arguments) throws Exception {
    Driver driver = new Driver(List.of(arguments));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(driver.answer(Arrays.asList(line.split(" "))));
      System.out.flush();
    }
  }
}
