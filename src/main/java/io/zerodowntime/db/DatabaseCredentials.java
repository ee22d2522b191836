package io.zerodowntime.db;

import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;

/** Reads the password of schema changes anew for each of their connections, where it is a file. */
@Singleton
@Unremovable
@Named(DatabaseCredentials.NAME)
public class DatabaseCredentials implements CredentialsProvider {
  static final String NAME = "database-password-file";

  private final DatabaseServers servers;

  DatabaseCredentials(DatabaseServers servers) {
    this.servers = servers;
  }

  /**
   * Blocking.
   *
   * @throws IllegalArgumentException if the file cannot be used
   */
  @Override
  public Map<String, String> getCredentials(String name) {
    Map<String, String> credentials = new HashMap<>();
    servers
        .ofSchemaChanges()
        .ifPresent(
            url -> {
              credentials.put(USER_PROPERTY_NAME, url.user());
              url.hosts().stream()
                  .flatMap(host -> url.password(host).stream())
                  .findFirst()
                  .ifPresent(password -> credentials.put(PASSWORD_PROPERTY_NAME, password));
            });
    return credentials;
  }
}
