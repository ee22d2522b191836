package io.zerodowntime.migration;

import java.util.Optional;

/**
 * Who asks for something.
 *
 * @param login how this is known
 * @param subject the user's name, the subject of a token, or what in the engine asks
 * @param name what people call the subject of a token; empty if the token does not say
 */
public record Actor(Login login, String subject, Optional<String> name) {

  /** How it is known who asks. */
  public enum Login {
    /** The engine asks on its own: nothing of it is an operator's action. */
    ENGINE("engine"),
    /** A user and a password of this program's configuration. */
    PASSWORD("password"),
    /** A token of the issuer. */
    TOKEN("token"),
    /** The user of the operating system who runs a command. */
    COMMAND("command");

    private final String label;

    Login(String label) {
      this.label = label;
    }

    /** How the history shows it. */
    public String label() {
      return label;
    }
  }

  /** A part of the engine, for example {@code run 12}. */
  public static Actor engine(String part) {
    return new Actor(Login.ENGINE, part, Optional.empty());
  }

  /** The user of the operating system who runs this process. */
  public static Actor command() {
    return new Actor(Login.COMMAND, System.getProperty("user.name", "unknown"), Optional.empty());
  }

  /** Whether what it does belongs into the history. */
  public boolean isOperator() {
    return login != Login.ENGINE;
  }
}
