package io.zerodowntime.orders;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.http.NonNullStringDeserializer;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for.
 *
 * @param amount above 0, below 10^10, at most two decimals
 * @param status {@code pending} where it is left out
 */
@RegisterForReflection
@Schema(requiredProperties = {"userId", "amount"})
record NewOrder(
    @Schema(minimum = "1", maximum = NewOrder.MAX_LONG) Long userId,
    @Schema(minimum = "0.01", maximum = "9999999999.99", multipleOf = 0.01) BigDecimal amount,
    @Schema(pattern = NewOrder.STATUS_PATTERN, defaultValue = NewOrder.PENDING)
        @JsonDeserialize(using = NonNullStringDeserializer.class)
        String status) {
  static final String PENDING = "pending";
  static final String MAX_LONG = "9223372036854775807";

  private static final String FORM = "[a-z][a-z0-9_]{0,49}";
  static final String STATUS_PATTERN = "^" + FORM + "$";
  static final String STATUS_OR_EMPTY = "^(" + FORM + ")?$";
  private static final Pattern STATUS = Pattern.compile(FORM);
  private static final int DECIMALS = 2;
  private static final int DIGITS = 10;

  NewOrder {
    status = status == null ? PENDING : status;
  }

  /**
   * @param order null stands for a body that is missing
   * @throws ProblemException 400, with every field that is wrong
   */
  static NewOrder checked(@Nullable NewOrder order) {
    List<Violation> violations = new ArrayList<>();
    if (order == null) {
      violations.add(new Violation("", "a JSON object is needed"));
    } else {
      checkUser(order.userId, violations);
      checkAmount(order.amount, violations);
      checkStatus(order.status, violations);
    }
    ProblemException.throwIfAny(violations);
    return Objects.requireNonNull(order);
  }

  private static void checkUser(@Nullable Long userId, List<Violation> violations) {
    if (userId == null || userId <= 0) {
      violations.add(new Violation("userId", "must be a positive integer"));
    }
  }

  // by scale and precision only: 1e1000000 written out would be a megabyte
  private static void checkAmount(@Nullable BigDecimal amount, List<Violation> violations) {
    if (amount == null
        || amount.signum() <= 0
        || amount.scale() > DECIMALS
        || (long) amount.precision() - amount.scale() > DIGITS) {
      violations.add(
          new Violation("amount", "must be above 0, below 10^10, with at most two decimals"));
    }
  }

  /** Adds a violation unless {@code status} is one that the API accepts. */
  static void checkStatus(@Nullable String status, List<Violation> violations) {
    if (status == null || !STATUS.matcher(status).matches()) {
      violations.add(new Violation("status", "must match " + STATUS));
    }
  }

  /** The same text for every spelling of the same order. */
  String canonical() {
    return userId + "\n" + amount.stripTrailingZeros().toPlainString() + "\n" + status;
  }
}
