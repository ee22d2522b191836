import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Statements of JDBC that act by the phase in force (docs/protocol.md#the-fence). Copy it. Threads may share it. */
public class Fence {
  private static final int ATTEMPTS = 10;
  private static final String UNDEFINED_COLUMN = "42703";
  private static final Pattern PARAMETER = Pattern.compile("\\$(\\d+)");
  private static final Pattern BEHIND = Pattern.compile("\\bfence\\b");

  private final String migration;
  private final String state;
  private volatile int seen; // the phase seen last: a guess, which each statement checks

  /** Takes the migration's name, as in its definition. */
  public Fence(String migration) {
    if (!migration.matches("[a-z][a-z0-9-]*")) {
      throw new IllegalArgumentException("not a migration's name: " + migration);
    }
    this.migration = migration;
    this.state = "(SELECT phase FROM migration_state WHERE name = '" + migration
        + "' AND current_setting('transaction_isolation') = 'read committed')";
  }

  /**
   * Sends the statement of the phase in force and gives its rows by column; none if none matched.
   * The variants are four, by phase, with parameters $1, $2, ...: each takes its rows FROM fence,
   * which is empty in every other phase, and returns what it wrote or read. The connection is at
   * READ COMMITTED. Any other failure is the caller's: it is not known here whether a statement
   * may be sent twice.
   */
  public List<Map<String, Object>> send(Connection connection, List<String> variants, Object... values)
      throws SQLException {
    int failed = -1; // the phase whose variant named a column that is not there
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int phase = seen;
      try {
        List<Map<String, Object>> rows = rows(connection, statement(variants.get(phase), phase), values);
        if (!(rows.get(0).get("in_force") instanceof Number actual)) {
          throw new SQLException("the migration is not registered, or not at READ COMMITTED");
        }
        if (actual.intValue() == phase) {
          return rows.get(0).get("matched") == null ? List.of() : rows;
        }
        seen = actual.intValue();
      } catch (SQLException e) {
        if (!UNDEFINED_COLUMN.equals(e.getSQLState()) || phase == 3 || phase == failed) {
          throw e;
        }
        failed = phase;
        seen = 3; // dropped, perhaps: the variant of phase 3 tells
        if (!connection.getAutoCommit()) {
          throw e; // the transaction is lost; the next one begins with the right guess
        }
      }
    }
    throw new SQLException("the phase keeps changing");
  }

  /** One snapshot gives phase and rows. */
  protected String statement(String variant, int phase) {
    if (!BEHIND.matcher(variant).find()) {
      throw new IllegalArgumentException("not behind the fence: " + variant);
    }
    return "WITH fence AS (SELECT 1 WHERE " + state + " = " + phase + "), written AS (" + variant + ")"
        + " SELECT now.phase AS in_force, found.* FROM (SELECT " + state + " AS phase) AS now"
        + " LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true";
  }

  private static List<Map<String, Object>> rows(Connection connection, String sql, Object[] values)
      throws SQLException {
    Matcher parameter = PARAMETER.matcher(sql);
    try (PreparedStatement statement = connection.prepareStatement(parameter.replaceAll("?"))) {
      parameter.reset();
      for (int n = 1; parameter.find(); n++) {
        statement.setObject(n, values[Integer.parseInt(parameter.group(1)) - 1]);
      }
      try (ResultSet result = statement.executeQuery()) {
        List<Map<String, Object>> rows = new ArrayList<>();
        while (result.next()) {
          Map<String, Object> row = new LinkedHashMap<>();
          for (int n = 1; n <= result.getMetaData().getColumnCount(); n++) {
            row.put(result.getMetaData().getColumnLabel(n), result.getObject(n));
          }
          rows.add(row);
        }
        return rows;
      }
    }
  }

  /** Optional: until some seconds after the last one, no step is taken that this instance does not ask for. */
  public void heartbeat(Connection connection, String instance, int phase) throws SQLException {
    rows(connection, "INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)"
        + " VALUES ($1, $2, $3, 3, 'helper') ON CONFLICT (migration, instance) DO UPDATE"
        + " SET requested_phase = excluded.requested_phase, heartbeat_at = now() RETURNING instance",
        new Object[] {migration, instance, phase});
  }
}
