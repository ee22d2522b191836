package io.zerodowntime.migration;

import java.util.List;

/** What the engine refuses or cannot do; every kind says whether a repetition can help. */
public abstract sealed class MigrationException extends RuntimeException {
  private final boolean retryable;

  private MigrationException(String message, boolean retryable) {
    super(message);
    this.retryable = retryable;
  }

  /** Whether the same call can succeed later with the same arguments. */
  public boolean retryable() {
    return retryable;
  }

  /** No migration has this name. */
  public static final class Unknown extends MigrationException {
    public Unknown(String name) {
      super("no migration is called \"" + name + "\"", false);
    }
  }

  /** The protocol forbids it now; nothing was changed. */
  public static final class Refused extends MigrationException {
    private final transient List<Verdict> closed;

    public Refused(String reason) {
      this(reason, List.of());
    }

    public Refused(String reason, List<Verdict> closed) {
      super(reason, true);
      this.closed = List.copyOf(closed);
    }

    /** The closed gates behind the refusal; empty where no gate was asked. */
    public List<Verdict> closed() {
      return closed;
    }
  }

  /** The phase changed under every attempt of one statement. */
  public static final class Unsettled extends MigrationException {
    public Unsettled(String name, int attempts) {
      super("the phase of " + name + " changed under each of " + attempts + " attempts", true);
    }
  }

  /** A change of the schema did not come to its end; the message says what to do. */
  public static final class SchemaFailed extends MigrationException {
    public SchemaFailed(String message, boolean retryable) {
      super(message, retryable);
    }
  }
}
