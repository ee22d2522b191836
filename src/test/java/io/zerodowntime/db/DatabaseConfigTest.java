package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that DATABASE_URL and the passwords configure both clients and the users. */
class DatabaseConfigTest {
  private static final String USERS = "quarkus.security.users.embedded.users.";
  private static final String ROLES = "quarkus.security.users.embedded.roles.";
  private static final String REACTIVE = "quarkus.datasource.reactive.";

  @Test
  void configuresBothClients() {
    SmallRyeConfig config =
        config(Map.of("DATABASE_URL", "postgresql://ada:pw@h:1/shop?options=-c%20x%3D1"));

    assertThat(value(config, "quarkus.datasource.username")).isEqualTo("ada");
    assertThat(value(config, "quarkus.datasource.password")).isEqualTo("pw");
    assertThat(value(config, REACTIVE + "url"))
        .isEqualTo("postgresql://h:1/shop?application_name=zerodowntime&options=-c%20x%3D1");
    assertThat(value(config, REACTIVE + "trust-all")).isEqualTo("true");
    assertThat(value(config, "quarkus.datasource.jdbc.url"))
        .startsWith("jdbc:postgresql://h:1/shop?")
        .contains("ApplicationName=zerodowntime-ddl")
        .contains("options=-c%20x%3D1%20-c%20lock_timeout%3D1000")
        .contains("connectTimeout=5")
        .contains("tcpKeepAlive=true");
  }

  @Test
  void schemaChangesGoPastAPooler() {
    SmallRyeConfig config =
        config(
            Map.of(
                "DATABASE_URL",
                "postgresql://ada:pw@pooler/shop",
                "DATABASE_DIRECT_URL",
                "postgresql://bob:px@a,b/shop?target_session_attrs=primary",
                DatabaseConfig.POOLING,
                "transaction"));

    assertThat(value(config, "quarkus.datasource.username")).isEqualTo("bob");
    assertThat(value(config, "quarkus.datasource.password")).isEqualTo("px");
    assertThat(value(config, "quarkus.datasource.jdbc.url"))
        .startsWith("jdbc:postgresql://a:5432,b:5432/shop?")
        .contains("targetServerType=primary", "options=-c%20lock_timeout%3D1000");
    assertThat(value(config, REACTIVE + "url")).startsWith("postgresql://pooler:5432/shop");
    assertThat(value(config, DatabaseServers.OTHER_HOSTS)).isEqualTo("5s");
  }

  @Test
  void aPoolerOfSessionsIsSentNoOptions() {
    SmallRyeConfig config =
        config(
            Map.of("DATABASE_URL", "postgresql://ada@pooler", DatabaseConfig.POOLING, "session"));

    assertThat(value(config, "quarkus.datasource.jdbc.url")).doesNotContain("options");
    assertThat(value(config, "quarkus.datasource.jdbc.new-connection-sql"))
        .isEqualTo("SET lock_timeout = 1000");
    assertThat(value(config, DatabaseServers.OTHER_HOSTS)).isNull();
  }

  @Test
  void aPasswordInAFileIsAskedForAtEachConnection() {
    SmallRyeConfig config =
        config(Map.of("DATABASE_URL", "postgresql://ada@h", "DATABASE_PASSWORD_FILE", "/password"));

    assertThat(value(config, "quarkus.datasource.credentials-provider-name"))
        .isEqualTo(DatabaseCredentials.NAME);
    assertThat(value(config, "quarkus.datasource.password")).isNull();
  }

  @Test
  void bothClientsUseTheModeThatTheServerWasFoundToSpeak() {
    SmallRyeConfig config =
        config(
            Map.of("DATABASE_URL", "postgresql://ada@h/shop", DatabaseConfig.SSL_MODE, "disable"));

    assertThat(value(config, REACTIVE + "postgresql.ssl-mode")).isEqualTo("disable");
    assertThat(value(config, "quarkus.datasource.jdbc.url")).contains("sslmode=disable");
  }

  @Test
  void verifiesTheHostOnlyWhereAsked() {
    String url = "postgresql://ada@h/shop?sslrootcert=/ca.pem&sslmode=";
    SmallRyeConfig full = config(Map.of("DATABASE_URL", url + "verify-full"));
    SmallRyeConfig authority = config(Map.of("DATABASE_URL", url + "verify-ca"));

    assertThat(value(full, REACTIVE + "hostname-verification-algorithm")).isEqualTo("HTTPS");
    assertThat(value(authority, REACTIVE + "hostname-verification-algorithm")).isEqualTo("NONE");
    assertThat(value(full, REACTIVE + "trust-all")).isEqualTo("false");
    assertThat(value(full, REACTIVE + "trust-certificate-pem.certs")).isEqualTo("/ca.pem");
  }

  @Test
  void givesUsersTheirRoles() {
    SmallRyeConfig config = config(Map.of("OPERATOR_PASSWORD", "o", "VIEWER_PASSWORD", "v"));

    assertThat(value(config, USERS + "operator")).isEqualTo("o");
    assertThat(value(config, ROLES + "operator")).isEqualTo("operator,viewer,client");
    assertThat(value(config, USERS + "viewer")).isEqualTo("v");
    assertThat(value(config, ROLES + "viewer")).isEqualTo("viewer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a$b", "${x}", "$$", "a\\$b", "\\", "$", "a,b", "a${"})
  void passwordsAreTakenAsTheyAre(String password) {
    SmallRyeConfig config =
        config(
            Map.of(
                "OPERATOR_PASSWORD",
                password,
                "DATABASE_URL",
                "postgresql://ada:" + PercentCoding.encode(password) + "@h"));

    assertThat(value(config, USERS + "operator")).isEqualTo(password);
    assertThat(value(config, "quarkus.datasource.password")).isEqualTo(password);
  }

  @Test
  void blankAndAbsentYieldNothing() {
    SmallRyeConfig config =
        config(Map.of("OPERATOR_PASSWORD", "", "VIEWER_PASSWORD", "  ", "DATABASE_URL", ""));

    assertThat(config.getPropertyNames()).noneMatch(name -> name.startsWith("quarkus."));
  }

  @Test
  void malformedUrlIsRefused() {
    assertThatThrownBy(() -> config(Map.of("DATABASE_URL", "nonsense")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void namesReplicasAsTheyAreWrittenAndLooksAtThemOnlyThen() {
    String urls = "postgresql://ada:p$w${x}@a,b/shop";
    SmallRyeConfig config = config(Map.of("READ_REPLICA_URL", urls));
    assertThat(value(config, ReplicaSettings.URLS)).isEqualTo(urls);
    assertThat(value(config, ReplicaSettings.LOOK)).isEqualTo("1s");
    assertThat(value(config(Map.of("READ_REPLICA_URL", " ")), ReplicaSettings.LOOK)).isNull();
  }

  private static String value(SmallRyeConfig config, String name) {
    return config.getConfigValue(name).getValue();
  }

  private static SmallRyeConfig config(Map<String, String> values) {
    return new SmallRyeConfigBuilder()
        .addDefaultInterceptors()
        .withSources(new PropertiesConfigSource(values, "test", 300))
        .withSources(new DatabaseConfig())
        .build();
  }
}
