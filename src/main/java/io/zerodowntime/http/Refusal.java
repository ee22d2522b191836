package io.zerodowntime.http;

import java.util.Arrays;

/** Why a request for orders was not done: the closed set of reasons that are counted. */
public enum Refusal {
  /** More requests are in flight than are allowed. */
  OVERLOADED("overloaded", "overloaded"),
  /** The request was not answered within its deadline, and nothing is in doubt. */
  DEADLINE("deadline", "deadline-exceeded"),
  /** A write was sent that may be done or not. */
  OUTCOME_UNKNOWN("outcome-unknown", "outcome-unknown"),
  /** The body did not come in within the deadline. */
  BODY_TIMEOUT("body-timeout", "request-timeout"),
  /** A row or a connection was taken by others for too long. */
  BUSY("busy", "busy"),
  /** The database is not available. */
  DATABASE("database", "database-unavailable"),
  /** The database has no schema yet. */
  SCHEMA("schema", "schema-missing"),
  /** Its client sent more than its quota. */
  RATE_LIMITED("rate-limited", "rate-limited"),
  /** Any other answer of 503. */
  OTHER("other", "");

  private final String label;
  private final String type;

  Refusal(String label, String problem) {
    this.label = label;
    this.type = "urn:problem:" + problem;
  }

  static Refusal of(Problem problem) {
    String type = problem.members().getString("type");
    return Arrays.stream(values()).filter(each -> each.type.equals(type)).findAny().orElse(OTHER);
  }

  /** How the reason is named in metrics. */
  public String label() {
    return label;
  }
}
