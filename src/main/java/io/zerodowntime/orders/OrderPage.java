package io.zerodowntime.orders;

import java.util.List;
import java.util.Optional;

/**
 * A page of orders.
 *
 * @param items each order's JSON
 * @param next the last id of this page, to be sent as {@code after}; empty on the last page
 */
record OrderPage(List<String> items, Optional<Long> next) {

  String json() {
    String cursor = next.map(String::valueOf).orElse("null");
    return "{\"items\":[" + String.join(",", items) + "],\"next\":" + cursor + "}";
  }
}
