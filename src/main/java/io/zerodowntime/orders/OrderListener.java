package io.zerodowntime.orders;

/** Told of what happens to orders. Implementations must be quick. */
public interface OrderListener {

  /** A new order was committed. */
  void created();

  /** A write was answered with what an earlier one under the same key had brought. */
  void replayed();

  /**
   * Several orders are sent with one statement.
   *
   * @param orders how many, at least 2
   */
  void grouped(int orders);
}
