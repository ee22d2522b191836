package io.zerodowntime.app;

import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.DatabaseUrl;
import io.zerodowntime.db.Pooling;
import io.zerodowntime.db.SslMode;
import java.util.Optional;

/** Finds out at the very start, in a few seconds, whether {@code DATABASE_URL} can serve. */
public final class DatabasePreflight {
  private static final String DATABASE_URL = "DATABASE_URL";
  private static final String DATABASE_DIRECT_URL = "DATABASE_DIRECT_URL";

  private DatabasePreflight() {}

  /**
   * What was found.
   *
   * @param sslMode the mode that all connections of {@code DATABASE_URL} are to use: the URL's, or
   *     what the server made of {@code prefer} and {@code allow}. The reactive client has no use of
   *     those: with each connection to a server without TLS it leaves another one behind
   * @param pooling what stands before the server
   * @param directSslMode the same for {@code DATABASE_DIRECT_URL}, if there is one
   */
  public record Found(SslMode sslMode, Pooling pooling, Optional<SslMode> directSslMode) {}

  /**
   * Logs in to one host after the other, to each at most twice. Blocks for 12 seconds for each host
   * at most, and behind a pooler for 12 seconds more.
   *
   * @param databaseUrl what {@code DATABASE_URL} says
   * @param directUrl what {@code DATABASE_DIRECT_URL} says
   * @param passwordFile what {@code DATABASE_PASSWORD_FILE} says
   * @param passFile what {@code PGPASSFILE} says
   * @throws StartException if a URL is malformed, a file cannot be used, no server can be reached,
   *     it is too old, not PostgreSQL or a standby, the login fails, or a pooler keeps from it what
   *     the protocol needs; its one line never shows a password
   */
  public static Found check(
      String databaseUrl,
      Optional<String> directUrl,
      Optional<String> passwordFile,
      Optional<String> passFile) {
    DatabaseUrl url = parse(DATABASE_URL, databaseUrl, passwordFile, passFile);
    if (url.password().isPresent() && passwordFile.isPresent()) {
      throw new StartException("DATABASE_URL has a password, and DATABASE_PASSWORD_FILE another");
    }
    ReachedServer requests = ReachedServer.reach(DATABASE_URL, url, directUrl.isPresent());
    Optional<ReachedServer> direct =
        directUrl
            .map(text -> parse(DATABASE_DIRECT_URL, text, passwordFile, passFile))
            .map(parsed -> ReachedServer.reach(DATABASE_DIRECT_URL, parsed, true));
    direct.ifPresent(reached -> requireDirect(reached, requests));
    requirePooling(requests, direct.isPresent());
    return new Found(requests.mode(), requests.pooling(), direct.map(ReachedServer::mode));
  }

  private static void requireDirect(ReachedServer direct, ReachedServer requests) {
    if (direct.pooling() != Pooling.NONE) {
      throw new StartException(
          "DATABASE_DIRECT_URL %s leads to a pooler: name the server itself"
              .formatted(direct.url().redacted()));
    }
    if (!direct.identity().equals(requests.identity())) {
      throw new StartException(
          "DATABASE_DIRECT_URL %s is another database than DATABASE_URL %s"
              .formatted(direct.url().redacted(), requests.url().redacted()));
    }
  }

  private static void requirePooling(ReachedServer requests, boolean direct) {
    String where = "DATABASE_URL " + requests.url().redacted();
    if (requests.pooling() != Pooling.NONE && requests.url().options().isPresent()) {
      throw new StartException(
          where
              + " leads to a pooler, which takes no options: leave them out of the URL, and give"
              + " the settings to the role (ALTER ROLE ... SET ...)");
    }
    if (requests.pooling() != Pooling.TRANSACTION) {
      return;
    }
    if (!direct) {
      throw new StartException(
          where
              + " leads to a pooler in transaction mode, and schema changes, contract and backfill"
              + " need sessions of their own: set DATABASE_DIRECT_URL to the server itself");
    }
    requests
        .role()
        .ifPresent(
            reason -> {
              throw new StartException(where + ": " + reason);
            });
  }

  private static DatabaseUrl parse(
      String name, String text, Optional<String> passwordFile, Optional<String> passFile) {
    DatabaseUrl url;
    try {
      url = DatabaseUrl.parse(text).withPasswordFiles(passwordFile, passFile);
    } catch (IllegalArgumentException e) {
      throw new StartException(name + " is " + e.getMessage(), e);
    }
    try {
      url.checkFiles();
    } catch (IllegalArgumentException e) {
      throw new StartException("%s %s: %s".formatted(name, url.redacted(), e.getMessage()), e);
    }
    return url;
  }
}
