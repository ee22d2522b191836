package io.zerodowntime.scenario;

import static java.util.stream.Collectors.toMap;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Phase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Creates rows of any migrated table, changes and reads its own, each by the fence: the variant of
 * the phases last seen, and another one when those are no longer in force.
 */
final class TableWriter implements PacedThreads.Turn, AutoCloseable {
  /** More steps than a fleet takes during one statement. */
  private static final int ATTEMPTS = 10;

  private static final String UNDEFINED_COLUMN = "42703";

  private final Connection connection;
  private final FencedStatements statements;
  private final RowValues values;
  private final RowLedger ledger;
  private final List<List<String>> own;
  private final Random random;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();
  private Map<String, InForce> phases;

  /**
   * @param connection that no other writer has
   * @param own the keys of the rows that no other writer changes
   */
  TableWriter(
      Connection connection,
      FencedStatements statements,
      RowValues values,
      RowLedger ledger,
      List<List<String>> own,
      Random random) {
    this.connection = connection;
    this.statements = statements;
    this.values = values;
    this.ledger = ledger;
    this.own = new ArrayList<>(own);
    this.random = random;
    this.phases =
        statements.migrations().stream()
            .collect(toMap(Migration::name, each -> new InForce(Phase.EXPAND, false)));
  }

  @Override
  public void take() throws SQLException {
    int dice = random.nextInt(100);
    if (dice < 30) {
      create();
    } else if (dice < 70) {
      change(any(own));
    } else {
      read(any(own));
    }
  }

  private List<String> any(List<List<String>> of) {
    return of.get(random.nextInt(of.size()));
  }

  private void create() throws SQLException {
    List<String> any = values.any(random);
    long began = System.nanoTime();
    List<String> key = fenced(statements::insert, any);
    ledger.took(System.nanoTime() - began);
    ledger.created(key, values.newValues(key, any));
    own.add(key);
  }

  private void change(List<String> key) throws SQLException {
    List<String> row = values.newValues(key, values.any(random));
    long began = System.nanoTime();
    fenced(statements::update, Stream.concat(key.stream(), row.stream()).toList());
    ledger.took(System.nanoTime() - began);
    ledger.changed(key, row);
  }

  private void read(List<String> key) throws SQLException {
    List<String> found = fenced(statements::read, key);
    List<String> expected = ledger.expected(key);
    if (!found.equals(expected)) {
      throw new AssertionError(
          "%s shows %s in %s, expected %s".formatted(key, found, phases, expected));
    }
  }

  /** Gives the row that a statement returned; one without values if it returns none. */
  private List<String> fenced(
      Function<Map<String, InForce>, String> variant, List<String> parameters) throws SQLException {
    for (int i = 0; i < ATTEMPTS; i++) {
      List<String> row = send(variant.apply(phases), parameters);
      if (row != null) {
        return row;
      }
      // the row is there: no row means that another phase is in force
      look();
    }
    throw new AssertionError("no row in the phases " + phases);
  }

  /** The row, or null for none: also where a column has another name by now. */
  private List<String> send(String sql, List<String> parameters) throws SQLException {
    PreparedStatement statement = prepare(sql);
    for (int n = 0; n < parameters.size(); n++) {
      statement.setString(n + 1, parameters.get(n));
    }
    try {
      return execute(statement);
    } catch (SQLException e) {
      if (UNDEFINED_COLUMN.equals(e.getSQLState())) {
        return null;
      }
      throw e;
    }
  }

  /** The row, or null for none. */
  private static List<String> execute(PreparedStatement statement) throws SQLException {
    if (!statement.execute()) {
      return statement.getUpdateCount() == 1 ? List.of() : null;
    }
    try (ResultSet result = statement.getResultSet()) {
      if (!result.next()) {
        return null;
      }
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
        row.add(result.getString(i));
      }
      return row;
    }
  }

  private void look() throws SQLException {
    String names = phases.keySet().stream().collect(Collectors.joining("', '", "'", "'"));
    try (ResultSet row =
        prepare(
                "SELECT name, phase, contracted_at IS NOT NULL AS contracted FROM migration_state"
                    + " WHERE name IN (%s)".formatted(names))
            .executeQuery()) {
      Map<String, InForce> found = new HashMap<>();
      while (row.next()) {
        found.put(row.getString("name"), inForce(row));
      }
      phases = Map.copyOf(found);
    }
  }

  private InForce inForce(ResultSet row) throws SQLException {
    String name = row.getString("name");
    boolean restores =
        statements.migrations().stream()
            .anyMatch(each -> each.name().equals(name) && each.options().restoreNames());
    return new InForce(Phase.of(row.getInt("phase")), restores && row.getBoolean("contracted"));
  }

  private PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement known = prepared.get(sql);
    if (known == null) {
      known = connection.prepareStatement(sql);
      prepared.put(sql, known);
    }
    return known;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
