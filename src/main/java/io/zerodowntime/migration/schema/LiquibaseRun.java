package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
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
      liquibase.setChangeExecListener(new Listener(ran));
      Connection session =
          ((JdbcConnection) liquibase.getDatabase().getConnection()).getUnderlyingConnection();
      try (SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
        liquibase.update(new Contexts(), new LabelExpression(labels));
      }
    }
  }

  private static final class Listener extends AbstractChangeExecListener {
    private final List<String> ran;

    Listener(List<String> ran) {
      this.ran = ran;
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
