package io.zerodowntime.db;

import org.jspecify.annotations.Nullable;

/**
 * What one attempt on a replica brought.
 *
 * @param value null unless it is found
 */
public record ReplicaAnswer<T>(Kind kind, @Nullable T value) {
  /** What an attempt may bring. */
  public enum Kind {
    /** The answer. */
    FOUND,
    /** Nothing that counts: the replica has not replayed the write that the read must show. */
    BEHIND,
    /** What is asked for is not there; it may be there on the primary already. */
    ABSENT
  }

  public static <T> ReplicaAnswer<T> found(T value) {
    return new ReplicaAnswer<>(Kind.FOUND, value);
  }

  public static <T> ReplicaAnswer<T> behind() {
    return new ReplicaAnswer<>(Kind.BEHIND, null);
  }

  public static <T> ReplicaAnswer<T> absent() {
    return new ReplicaAnswer<>(Kind.ABSENT, null);
  }
}
