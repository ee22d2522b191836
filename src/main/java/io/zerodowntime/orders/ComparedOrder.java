package io.zerodowntime.orders;

import io.zerodowntime.migration.ShadowReadListener;
import java.util.Optional;

/**
 * An order with both columns of its tuple.
 *
 * @param epoch the migration's state in the snapshot
 * @param json the order as the API shows it; empty if there is none
 * @param oldValue what {@code old_status} holds, may be null
 * @param newValue what {@code status} holds, may be null
 */
record ComparedOrder(
    ShadowReadListener.Epoch epoch,
    Optional<String> json,
    String oldValue,
    String newValue,
    boolean match) {}
