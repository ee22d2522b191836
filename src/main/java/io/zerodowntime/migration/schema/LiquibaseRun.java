package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.change.AbstractSQLChange;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.logging.core.BufferedLogService;
import liquibase.ui.LoggerUIService;

/** One update by Liquibase, in a session under the rules of DDL, without its chatter. */
final class LiquibaseRun {
  private static final Map<String, Object> QUIET =
      Map.of(
          Scope.Attr.ui.name(),
          new LoggerUIService(),
          "liquibase.analytics.enabled",
          false,
          "liquibase.changelogLockWaitTimeInMinutes",
          0,
          "liquibase.changelogLockPollRate",
          1);

  /** One statement alone: what stands beside it may make others wait. */
  private static final Pattern CONCURRENT_BUILD =
      Pattern.compile(
          "\\s*(create\\s+(unique\\s+)?index|reindex\\s+\\w+)\\s+concurrently\\s[^;]*;?\\s*",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  private LiquibaseRun() {}

  /**
   * Runs the changesets that the labels select and that have something to do.
   *
   * @param ran takes the identifier of each that ran, those of a run that fails later as well
   */
  static void update(Supplier<Liquibase> source, String labels, List<String> ran) throws Exception {
    // errors reach the caller by exception: the log of a run is thrown away with its scope
    Scope.child(
        Scope.Attr.logService.name(),
        new BufferedLogService(),
        () -> Scope.child(QUIET, () -> run(source, labels, ran)));
  }

  private static void run(Supplier<Liquibase> source, String labels, List<String> ran)
      throws Exception {
    try (Liquibase liquibase = source.get()) {
      liquibase.setShowSummary(UpdateSummaryEnum.OFF);
      Connection session =
          ((JdbcConnection) liquibase.getDatabase().getConnection()).getUnderlyingConnection();
      try (SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
        liquibase.setChangeExecListener(new Listener(ran, settings));
        liquibase.update(new Contexts(), new LabelExpression(labels));
      }
    }
  }

  /** Says whether the statement builds an index concurrently: no client waits for it. */
  static boolean isConcurrentBuild(String sql) {
    return CONCURRENT_BUILD.matcher(COMMENT.matcher(sql).replaceAll("")).matches();
  }

  private static final class Listener extends AbstractChangeExecListener {
    private final List<String> ran;
    private final SessionSettings settings;

    Listener(List<String> ran, SessionSettings settings) {
      this.ran = ran;
      this.settings = settings;
    }

    @Override
    public void willRun(
        ChangeSet changeSet,
        DatabaseChangeLog changeLog,
        Database database,
        ChangeSet.RunStatus status) {
      boolean build =
          changeSet.getChanges().stream()
              .allMatch(
                  change ->
                      change instanceof AbstractSQLChange text && isConcurrentBuild(text.getSql()));
      try {
        settings.boundLocks(!build);
      } catch (SQLException e) {
        throw new UnexpectedLiquibaseException(e);
      }
    }

    @Override
    public void ran(
        ChangeSet changeSet,
        DatabaseChangeLog changeLog,
        Database database,
        ChangeSet.ExecType outcome) {
      if (outcome == ChangeSet.ExecType.EXECUTED || outcome == ChangeSet.ExecType.RERAN) {
        ran.add(changeSet.getId());
      }
    }
  }
}
