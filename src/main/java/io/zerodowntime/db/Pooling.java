package io.zerodowntime.db;

/** What stands between this program and a server, as a start has found it. */
public enum Pooling {
  /** Nothing: a connection is a session of the server. */
  NONE,
  /** A pooler that gives a connection a session for as long as it lasts. */
  SESSION,
  /** A pooler that gives a connection a session for each transaction. */
  TRANSACTION
}
