package io.zerodowntime.orders;

import io.zerodowntime.migration.Phase;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Which columns the statements of a phase name: never one that may not exist in that phase. */
enum StatusColumns {
  OLD("old_status", "upper(:status)", "old_status = upper(:status)"),
  BOTH(
      "old_status, status",
      "upper(:status), :status",
      "old_status = upper(:status), status = :status"),
  NEW("status", ":status", "status = :status");

  /**
   * No writer is missed because each statement takes its snapshot behind its lock: at another level
   * a write does nothing. A pooler may ignore the level that a client asks for.
   */
  private static final String READ_COMMITTED =
      "current_setting('transaction_isolation') = 'read committed'";

  private final String columns;
  private final String values;
  private final String assignments;

  StatusColumns(String columns, String values, String assignments) {
    this.columns = columns;
    this.values = values;
    this.assignments = assignments;
  }

  static StatusColumns writtenIn(Phase phase) {
    return phase.writesOld() ? (phase.writesNew() ? BOTH : OLD) : NEW;
  }

  /** The status as the API speaks it, from the authoritative column of an order {@code o}. */
  static String read(boolean fromNew) {
    return fromNew ? "o.status" : "lower(o.old_status)";
  }

  /**
   * The variants of one statement, side by side.
   *
   * @param template names {@code {columns}} and {@code {values}}, or {@code {assignments}}; and
   *     {@code {isolated}} beside the phase, for a write
   * @param status SQL for the status as the API speaks it
   */
  static Map<StatusColumns, String> variants(String template, String status) {
    Map<StatusColumns, String> variants = new EnumMap<>(StatusColumns.class);
    Arrays.stream(values()).forEach(each -> variants.put(each, each.fill(template, status)));
    return Collections.unmodifiableMap(variants);
  }

  /** The variant for a phase. */
  static String variant(Map<StatusColumns, String> variants, Phase phase) {
    return Objects.requireNonNull(variants.get(writtenIn(phase)));
  }

  private String fill(String template, String status) {
    return template
        .replace("{isolated}", READ_COMMITTED)
        .replace("{columns}", columns)
        .replace("{values}", values.replace(":status", status))
        .replace("{assignments}", assignments.replace(":status", status));
  }
}
