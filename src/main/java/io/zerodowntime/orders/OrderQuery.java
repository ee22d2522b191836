package io.zerodowntime.orders;

import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which orders a client wants to see.
 *
 * @param after the id that the page begins behind, from 0
 * @param limit 1 to 100
 */
record OrderQuery(Optional<Long> userId, Optional<String> status, long after, int limit) {
  private static final int DEFAULT_LIMIT = 20;
  private static final int MAX_LIMIT = 100;

  /**
   * Reads the parameters of the URL; null stands for one that is left out, and for a status that is
   * empty.
   *
   * @throws ProblemException 400, with every parameter that is wrong
   */
  static OrderQuery of(
      @Nullable String userId,
      @Nullable String status,
      @Nullable String after,
      @Nullable String limit) {
    List<Violation> violations = new ArrayList<>();
    var user =
        number("userId", userId, value -> value > 0, "must be a positive integer", violations);
    var from = number("after", after, value -> value >= 0, "must be an order's id", violations);
    var size =
        number(
            "limit",
            limit,
            value -> value > 0 && value <= MAX_LIMIT,
            "must be between 1 and " + MAX_LIMIT,
            violations);
    if (status != null) {
      NewOrder.checkStatus(status, violations);
    }
    ProblemException.throwIfAny(violations);
    return new OrderQuery(
        user,
        Optional.ofNullable(status),
        from.orElse(0L),
        size.map(Long::intValue).orElse(DEFAULT_LIMIT));
  }

  private static Optional<Long> number(
      String name,
      @Nullable String text,
      Predicate<Long> valid,
      String message,
      List<Violation> violations) {
    if (text == null) {
      return Optional.empty();
    }
    Optional<Long> value = parse(text).filter(valid);
    if (value.isEmpty()) {
      violations.add(new Violation(name, message));
    }
    return value;
  }

  private static Optional<Long> parse(String text) {
    try {
      return Optional.of(Long.valueOf(text));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
