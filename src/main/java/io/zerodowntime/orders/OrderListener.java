package io.zerodowntime.orders;

/** Told of orders after the database has them. Implementations must be quick. */
public interface OrderListener {

  /** A new order was committed. */
  void created();

  /** A write was answered with what an earlier one under the same key had brought. */
  void replayed();
}
