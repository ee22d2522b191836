package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.EngineDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.ListIterator;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The table of a {@link ParityCase}, and its writers, by connections of their own. */
record ParityTable(EngineDatabase database, ParityCase now, Migration migration) {
  /** A unique violation, a deadlock of two writers, a row that went to another partition. */
  private static final Set<String> REFUSED = Set.of("23505", "40P01", "40001");

  private static final String FENCE =
      "FROM migration_state AS f WHERE f.name = 'other' AND f.phase = 1";

  void create() {
    String types =
        now.type().names().stream()
            .map(name -> name + " " + now.type().columns().get(now.type().names().indexOf(name)))
            .collect(Collectors.joining(", "));
    List<String> statements = new ArrayList<>();
    statements.add(
        "CREATE TABLE %s (%s, old_text text, new_text text, new_length integer, PRIMARY KEY (%s))%s"
            .formatted(
                migration.table(),
                types,
                columns(""),
                now.partitions() == 0 ? "" : " PARTITION BY HASH (%s)".formatted(columns(""))));
    for (int i = 0; i < now.partitions(); i++) {
      statements.add(
          "CREATE TABLE %1$s_%2$d PARTITION OF %1$s FOR VALUES WITH (MODULUS %3$d, REMAINDER %2$d)"
              .formatted(migration.table(), i, now.partitions()));
    }
    for (int i = 0; i < now.rows().size(); i++) {
      ParityCase.Row row = now.rows().get(i);
      statements.add(
          "INSERT INTO %s (%s, old_text, new_text) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
              .formatted(
                  migration.table(),
                  columns(""),
                  literals(i),
                  literal(row.old()),
                  literal(row.stale())));
    }
    if (now.analysed()) {
      statements.add("ANALYZE " + migration.table());
    }
    database.run(statements);
  }

  private String columns(String prefix) {
    return now.type().names().stream().map(prefix::concat).collect(Collectors.joining(", "));
  }

  private String literals(int key) {
    List<String> casts = new ArrayList<>();
    for (int i = 0; i < now.type().columns().size(); i++) {
      String type = now.type().columns().get(i).replaceFirst(" COLLATE.*", "");
      casts.add(literal(now.keys().get(key).get(i)) + "::" + type);
    }
    return String.join(", ", casts);
  }

  private static String literal(@Nullable String value) {
    return value == null ? "NULL" : "'" + value.replace("'", "''") + "'";
  }

  private String keyText() {
    return now.type().names().size() == 1
        ? "k0::text"
        : "ARRAY[" + String.join("::text, ", now.type().names()) + "::text]::text";
  }

  int rows() {
    return (int) database.number("SELECT count(*) FROM " + migration.table());
  }

  /** Makes so many rows disagree, as a writer outside the fence does. */
  void spoil(int count) {
    database.run(
        "UPDATE %1$s SET old_text = COALESCE(old_text, '') || '?' WHERE (%2$s) IN"
                .formatted(migration.table(), columns(""))
            + " (SELECT %2$s FROM %1$s ORDER BY md5(%3$s) LIMIT %4$d)"
                .formatted(migration.table(), columns(""), keyText(), count));
  }

  /**
   * The keys of rows that disagree, in order; fetched and compared here, without the engine's SQL.
   */
  List<String> differing() {
    List<String> keys = new ArrayList<>();
    try (Connection session = database.source().getConnection();
        Statement statement = session.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT %s, old_text, new_text, new_length FROM %s"
                    .formatted(keyText(), migration.table()))) {
      while (row.next()) {
        String old = row.getString(2);
        boolean agrees =
            Objects.equals(row.getString(3), forward(old))
                && (!now.split() || Objects.equals(row.getObject(4), length(old)));
        if (!agrees) {
          keys.add(row.getString(1));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    Collections.sort(keys);
    return keys;
  }

  private static @Nullable String forward(@Nullable String old) {
    return old == null ? null : old + "!";
  }

  private static @Nullable Integer length(@Nullable String old) {
    return old == null ? null : old.codePointCount(0, old.length());
  }

  /** Ends what the session held, and sends the next write, which it may hold in turn. */
  void writeNext(Connection holder, ListIterator<ParityCase.Write> writes) {
    try {
      if (writes.hasPrevious()) {
        end(holder, writes.previous());
        writes.next();
      }
      if (writes.hasNext()) {
        ParityCase.Write next = writes.next();
        if (!write(holder, next)) {
          holder.rollback();
        } else if (!next.held()) {
          end(holder, next);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void end(Connection session, ParityCase.Write write) throws SQLException {
    if (write.rolledBack()) {
      session.rollback();
    } else {
      session.commit();
    }
  }

  /**
   * Sends fenced writes; two of them share a transaction, so that batches meet rows that are
   * locked.
   */
  void write(List<ParityCase.Write> writes) {
    try (Connection session = database.session("writer")) {
      for (int i = 0; i < writes.size(); i++) {
        boolean kept = write(session, writes.get(i));
        if (!kept || writes.get(i).rolledBack()) {
          session.rollback();
        } else if (i % 2 == 1) {
          session.commit();
        }
      }
      session.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** False if another row has the key already, or another writer waits for this one. */
  private boolean write(Connection session, ParityCase.Write write) throws SQLException {
    try {
      EngineDatabase.execute(session, sql(write));
      return true;
    } catch (SQLException failure) {
      if (REFUSED.contains(failure.getSQLState())) {
        return false;
      }
      throw failure;
    }
  }

  private String sql(ParityCase.Write write) {
    String table = migration.table();
    String both =
        "old_text = %s, new_text = %s, new_length = %s"
            .formatted(
                literal(write.value()), literal(forward(write.value())), length(write.value()));
    String own = " %s AND (%s) = (%s)".formatted(FENCE, columns("t."), literals(write.key()));
    String moved =
        "UPDATE %s AS t SET (%s) = ROW(%s)".formatted(table, columns(""), literals(write.other()));
    return switch (write.kind()) {
      case INSERT ->
          "INSERT INTO %s (%s, old_text, new_text, new_length) SELECT %s, %s, %s, %s %s"
              .formatted(
                  table,
                  columns(""),
                  literals(write.key()),
                  literal(write.value()),
                  literal(forward(write.value())),
                  length(write.value()),
                  FENCE);
      case UPDATE -> "UPDATE %s AS t SET %s%s".formatted(table, both, own);
      case DELETE ->
          "DELETE FROM %s AS t USING %s".formatted(table, own.strip().substring("FROM ".length()));
      case CHANGE_KEY -> moved + ", " + both + own;
      case CHANGE_KEY_ONLY -> moved + own;
    };
  }
}
