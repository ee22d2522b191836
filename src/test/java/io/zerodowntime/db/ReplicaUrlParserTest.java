package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.pgclient.PgConnectOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves what READ_REPLICA_URL may say, and what becomes of it. */
class ReplicaUrlParserTest {
  private static final String SECRET = "s3cr3t";

  private static List<String> places(String urls) {
    return DatabaseUrl.parseReplicas(urls).stream().map(DatabaseUrl::place).toList();
  }

  @Test
  void readsSeveralHostsAndSeveralUrls() {
    assertThat(places("postgresql://ada@a/shop")).containsExactly("a:5432");
    assertThat(places(" postgresql://ada:p,w@a,b:5433,[::1]:7/shop?sslmode=disable "))
        .containsExactly("a:5432", "b:5433", "[::1]:7");
    assertThat(places("postgresql://ada@a/shop, postgres://bob:x@b,c:1/shop\npostgresql://e@d"))
        .containsExactly("a:5432", "b:5432", "c:1", "d:5432");
    DatabaseUrl last =
        DatabaseUrl.parseReplicas("postgresql://ada:p%40w@a,b/shop?sslmode=require").get(1);
    assertThat(last.password()).contains("p@w");
    assertThat(last.database()).isEqualTo("shop");
    assertThat(last.sslMode()).isEqualTo(SslMode.REQUIRE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://u:s3cr3t@a,/shop",
        "postgresql://u:s3cr3t@,a/shop",
        "postgresql://u:s3cr3t@a/shop,b",
        "postgresql://u:s3cr3t@a,a:5432/shop",
        "postgresql://u:s3cr3t@a/shop,mysql://u:s3cr3t@b/shop",
        "postgresql://u:s3cr3t@a/shop?target_session_attrs=read-write",
        "u:s3cr3t@a"
      })
  void saysWhatIsWrongAndNeverThePassword(String urls) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DatabaseUrl.parseReplicas(urls))
        .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain(SECRET));
  }

  @Test
  void thereIsAMost() {
    String hosts =
        IntStream.rangeClosed(1, 17).mapToObj(n -> "h" + n).collect(Collectors.joining(","));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DatabaseUrl.parseReplicas("postgresql://u@" + hosts + "/shop"))
        .withMessageContaining("16 is the most");
  }

  @Test
  void refusesAtTheStart() {
    assertThatThrownBy(() -> new ReplicaSettings(Optional.of("x"), Duration.ofSeconds(10)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("READ_REPLICA_URL is ");
    assertThatThrownBy(() -> new ReplicaSettings(Optional.empty(), Duration.ofSeconds(1)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("MAX_REPLICA_LAG must be at least 2s");
    assertThat(new ReplicaSettings(Optional.empty(), Duration.ofSeconds(2)).enabled()).isFalse();
  }

  @Test
  void connectsAsToThePrimaryButForWhatTheUrlSays() {
    PgConnectOptions primary =
        new PgConnectOptions()
            .setHost("p")
            .setUser("u")
            .setPassword(SECRET)
            .setSslMode(io.vertx.pgclient.SslMode.REQUIRE)
            .setTrustAll(true)
            .addProperty("options", "-c x=1")
            .addProperty("jit", "off");

    PgConnectOptions plain =
        ServerOptions.of(DatabaseUrl.parse("postgresql://v@r:1/shop"), primary);
    assertThat(plain.getHost() + plain.getPort() + plain.getUser() + plain.getPassword())
        .isEqualTo("r1v");
    assertThat(plain.getSslMode()).isEqualTo(io.vertx.pgclient.SslMode.REQUIRE);
    assertThat(plain.getProperties())
        .containsEntry("jit", "off")
        .containsEntry("application_name", "zerodowntime")
        .doesNotContainKey("options");
    PgConnectOptions full =
        ServerOptions.of(
            DatabaseUrl.parse("postgresql://v@r/shop?sslmode=verify-full&sslrootcert=/ca.pem"),
            primary);
    assertThat(full.getSslMode()).isEqualTo(io.vertx.pgclient.SslMode.VERIFY_FULL);
    assertThat(full.isTrustAll()).isFalse();
    assertThat(full.getHostnameVerificationAlgorithm()).isEqualTo("HTTPS");
    assertThat(full.getTrustOptions()).isNotNull();
  }
}
