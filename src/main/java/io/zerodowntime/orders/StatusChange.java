package io.zerodowntime.orders;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;

/** What a client can change of an order. */
record StatusChange(@NotNull @Pattern(regexp = NewOrder.STATUS) String status) {}
