package io.zerodowntime.scenario;

/** What a writer of a migrated table can fall into, whatever its language (helpers/README.md). */
enum Trap {
  ISOLATION("REPEATABLE READ and SERIALIZABLE are refused"),
  NO_ROW("a row that is missing is told from a migration that is not registered"),
  HEARTBEAT("an instance that asks for an earlier phase holds the step back, until it is dead"),
  SLOW_STATEMENT(
      "a statement in flight is waited for by a step; one that waits for the table writes by what it then finds"),
  STALE_PHASE("a phase from before a step, forward or back, is not written by"),
  READ_BY_PHASE("a read gives the column of the phase in force"),
  PAUSED("a process that is stopped across two steps writes by the phase it wakes up in"),
  TRANSACTION("each statement of a transaction across a step writes by the phase in force"),
  LOST_CONNECTION("a write whose outcome is not known is not sent again"),
  CHANGED_COLUMN("a column that is changed or dropped fails no statement");

  private final String right;

  Trap(String right) {
    this.right = right;
  }

  /** What a right writer does. */
  String right() {
    return right;
  }
}
