package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.exception.LockException;
import liquibase.exception.PreconditionFailedException;
import liquibase.precondition.FailedPrecondition;

/** What a failure means: worth another attempt, or one line that says what to do. */
final class SchemaErrors {
  // lock_not_available, deadlock_detected, query_canceled: nothing is done, or left INVALID
  private static final Set<String> RETRYABLE = Set.of("55P03", "40P01", "57014");
  // classes 08 (connection), 53 (resources) and 57 (operator): the database is away, not in the way
  private static final Set<String> AWAY = Set.of("08", "53", "57");
  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  private SchemaErrors() {}

  static boolean isRetryable(Exception failure) {
    return sqlState(failure).filter(RETRYABLE::contains).isPresent()
        || find(failure, LockException.class).isPresent();
  }

  /** One line: what was tried, why it failed or who forbids it, what to do. */
  static MigrationException explain(String what, Exception failure) {
    Optional<PreconditionFailedException> refused =
        find(failure, PreconditionFailedException.class);
    if (refused.isPresent()) {
      return new Refused(what + " refused: " + reasons(refused.get()));
    }
    String remedy =
        sqlState(failure).filter(INSUFFICIENT_PRIVILEGE::equals).isPresent()
            ? "; run it as a role that owns the tables and may create in their schema"
            : "";
    return new SchemaFailed(
        what + " failed: " + reason(failure) + remedy, isRetryable(failure) || isAway(failure));
  }

  // a pool that has no connection left says so without a state
  private static boolean isAway(Exception failure) {
    return find(failure, SQLException.class)
        .filter(e -> e.getSQLState() == null || AWAY.contains(e.getSQLState().substring(0, 2)))
        .isPresent();
  }

  /** The innermost message, on one line. */
  static String reason(Exception failure) {
    List<Throwable> chain = chain(failure).toList();
    Throwable root = chain.get(chain.size() - 1);
    return oneLine(root.getMessage() == null ? root.toString() : root.getMessage());
  }

  private static String reasons(PreconditionFailedException refused) {
    return refused.getFailedPreconditions().stream()
        .map(FailedPrecondition::getMessage)
        .map(SchemaErrors::oneLine)
        .collect(Collectors.joining("; "));
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  private static Optional<String> sqlState(Exception failure) {
    return find(failure, SQLException.class).map(SQLException::getSQLState);
  }

  private static <T> Optional<T> find(Exception failure, Class<T> type) {
    return chain(failure).filter(type::isInstance).map(type::cast).findFirst();
  }

  private static Stream<Throwable> chain(Throwable failure) {
    return Stream.iterate(failure, cause -> cause != null, Throwable::getCause).limit(50);
  }
}
