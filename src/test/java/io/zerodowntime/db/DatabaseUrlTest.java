package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that each part of a PostgreSQL URL is read as libpq reads it. */
class DatabaseUrlTest {
  private static final String SECRET = "s3cr3t";

  @Test
  void readsEveryPart() {
    DatabaseUrl url =
        DatabaseUrl.parse(
            "postgresql://us%40er:p%3A%2F%40+x@db.example:6432/sh%20op"
                + "?sslmode=verify-full&sslrootcert=%2Fca.pem&application_name=a%26b");

    assertThat(url.user()).isEqualTo("us@er");
    assertThat(url.password()).contains("p:/@+x");
    assertThat(url.host()).isEqualTo("db.example");
    assertThat(url.port()).isEqualTo(6432);
    assertThat(url.database()).isEqualTo("sh op");
    assertThat(url.sslMode()).isEqualTo(SslMode.VERIFY_FULL);
    assertThat(url.rootCertificate()).contains("/ca.pem");
    assertThat(url.jdbcUrl())
        .isEqualTo(
            "jdbc:postgresql://db.example:6432/sh%20op"
                + "?sslmode=verify-full&sslrootcert=%2Fca.pem&ApplicationName=a%26b");
    assertThat(url.reactiveUrl("service"))
        .isEqualTo("postgresql://db.example:6432/sh%20op?application_name=service%20a%26b");
  }

  @Test
  void fillsInWhatIsLeftOut() {
    DatabaseUrl url = DatabaseUrl.parse("postgres://ada@localhost");

    assertThat(url.port()).isEqualTo(5432);
    assertThat(url.database()).isEqualTo("ada");
    assertThat(url.password()).isEmpty();
    assertThat(url.sslMode()).isEqualTo(SslMode.PREFER);
    assertThat(DatabaseUrl.parse("postgres://ada@localhost/")).isEqualTo(url);
    assertThat(DatabaseUrl.parse("postgres://ada:@localhost/")).isEqualTo(url);
  }

  @Test
  void readsSeveralHosts() {
    DatabaseUrl url =
        DatabaseUrl.parse("postgresql://ada@a,b:5433,[::1]:7/shop?target_session_attrs=read-write");

    assertThat(url.hosts())
        .containsExactly(
            new DatabaseHost("a", 5432), new DatabaseHost("b", 5433), new DatabaseHost("::1", 7));
    assertThat(url.target()).isEqualTo(TargetSession.READ_WRITE);
    assertThat(url.jdbcUrl())
        .startsWith("jdbc:postgresql://a:5432,b:5433,[::1]:7/shop?")
        .contains("targetServerType=primary");
    assertThat(url.reactiveUrl("x")).startsWith("postgresql://a:5432/shop?");
    assertThat(url).hasToString("postgresql://ada@a:5432,b:5433,[::1]:7/shop");
    assertThat(url.at(url.hosts().get(1)).jdbcUrl())
        .isEqualTo("jdbc:postgresql://b:5433/shop?sslmode=prefer");
    assertThat(DatabaseUrl.parse("postgresql://ada@a,b/shop").target())
        .isEqualTo(TargetSession.ANY);
  }

  @Test
  void namesTheFilesOfAClientCertificate() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada@h/shop?sslcert=/tls.crt&sslkey=/tls.key");

    assertThat(url.tlsFiles().certificate()).contains("/tls.crt");
    assertThat(url.tlsFiles().key()).contains("/tls.key");
    assertThat(url.jdbcUrl())
        .contains("sslcert=%2Ftls.crt", "sslkey=%2Ftls.key", "sslfactory=io.zerodowntime.db.Pem");
  }

  @Test
  void anAuthorityThatIsNamedIsVerified() {
    String url = "postgresql://ada@h/shop?sslrootcert=/ca.pem&sslmode=";

    assertThat(DatabaseUrl.parse(url + "require").sslMode()).isEqualTo(SslMode.VERIFY_CA);
    assertThat(DatabaseUrl.parse(url + "verify-full").sslMode()).isEqualTo(SslMode.VERIFY_FULL);
  }

  @Test
  void readsAnIpv6Address() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada@[::1]:5433/shop");

    assertThat(url.host()).isEqualTo("::1");
    assertThat(url.jdbcUrl()).startsWith("jdbc:postgresql://[::1]:5433/shop?");
  }

  @ParameterizedTest
  @EnumSource
  void readsEverySslMode(SslMode mode) {
    String text = "postgresql://ada@h/shop?sslmode=" + mode.label();

    assertThat(DatabaseUrl.parse(text).sslMode()).isEqualTo(mode);
  }

  @Test
  void givenJdbcParametersWin() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada@h/shop?application_name=mine");

    assertThat(url.jdbcUrl(Map.of("ApplicationName", "ddl")))
        .isEqualTo("jdbc:postgresql://h:5432/shop?sslmode=prefer&ApplicationName=ddl");
  }

  @ParameterizedTest
  @CsvSource({
    "mysql://ada:s3cr3t@h/shop, begin with postgresql",
    "jdbc:postgresql://ada:s3cr3t@h/shop, begin with postgresql",
    "postgresql://h/shop, the user is missing",
    "postgresql://:s3cr3t@h/shop, the user is missing",
    "postgresql://ada:s3cr3t@/shop, host and port",
    "postgresql://ada:s3cr3t@h:x/shop, host and port",
    "postgresql://ada:s3cr3t@h:0/shop, the port",
    "postgresql://ada:s3cr3t@h:99999/shop, the port",
    "postgresql://ada:s3cr3t@a@h/shop, percent-encoded",
    "postgresql://ada:s3cr3t/@h/shop, percent-encoded",
    "postgresql://ada:s3cr3t%zz@h/shop, the password has a malformed percent escape",
    "postgresql://ada:s3cr3t@h/shop/more, slash",
    "postgresql://ada:s3cr3t@h/shop?sslmode=on, none of disable",
    "postgresql://ada:s3cr3t@h/shop?password=s3cr3t, a parameter that is none of",
    "postgresql://ada:s3cr3t@h/shop?sslmode, a parameter that is none of",
    "postgresql://ada:x?s3cr3t@h/shop, a parameter that is none of",
    "postgresql://ada:s3cr3t@h/shop?sslmode=allow&sslmode=allow, twice",
    "postgresql://ada:s3cr3t@h/shop?target_session_attrs=standby, none of any",
    "postgresql://ada:s3cr3t@h/shop?sslcert=/tls.crt, of sslcert and sslkey one is missing",
    "'postgresql://ada:s3cr3t@a,,b/shop', host and port",
  })
  void refusesWithoutTellingThePassword(String text, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DatabaseUrl.parse(text))
        .withMessageContaining(reason)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain(SECRET).doesNotContain("\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "postgresql:", "postgresql://", "postgresql://@", "\n"})
  void refusesWhatIsHardlyAnything(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> DatabaseUrl.parse(text));
  }

  @Test
  void neverPrintsThePassword() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql://ada:s3cr3t@h/shop?sslmode=require");

    assertThat(url.redacted()).isEqualTo("postgresql://ada:***@h:5432/shop");
    assertThat(url).hasToString(url.redacted());
    assertThat(url.jdbcUrl() + url.reactiveUrl("x")).doesNotContain(SECRET);
  }
}
