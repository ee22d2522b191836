package io.zerodowntime.orders;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import java.math.BigDecimal;

/**
 * What a client asks for.
 *
 * @param amount above 0, below 10^10, at most two decimals, spelled in any way: 1e2 is 100.00
 * @param status {@code pending} where it is left out
 */
record NewOrder(
    @JsonProperty(required = true) @NotNull @Positive Long userId,
    @JsonProperty(required = true)
        @NotNull
        @DecimalMin(value = "0", inclusive = false)
        @Digits(integer = 10, fraction = 2)
        BigDecimal amount,
    @Pattern(regexp = NewOrder.STATUS) String status) {
  /** What the API accepts as a status. */
  static final String STATUS = "[a-z][a-z0-9_]{0,49}";

  NewOrder {
    status = status == null ? "pending" : status;
  }

  /** The same text for every spelling of the same order. */
  String canonical() {
    return userId + "\n" + amount.stripTrailingZeros().toPlainString() + "\n" + status;
  }
}
