package io.zerodowntime.http.login;

import static io.restassured.RestAssured.given;

import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.TestIssuer;
import io.zerodowntime.testing.TokenKey;
import java.net.URI;
import java.util.UUID;

/** An issuer on the port that the service was told, and the tokens of its clients. */
public final class Tokens implements AutoCloseable {
  // a name of its own: a key that is known by its name is not read again
  private final TokenKey key = TokenKey.generate(UUID.randomUUID().toString());
  private final String url;
  private final TestIssuer issuer;

  private Tokens(String url) {
    this.url = url;
    this.issuer = TestIssuer.start(URI.create(url).getPort(), key);
  }

  /** Starts the issuer whose tokens have this URL. */
  public static Tokens of(String url) {
    return new Tokens(url);
  }

  TestIssuer issuer() {
    return issuer;
  }

  TokenKey key() {
    return key;
  }

  /** Claims of a token for this service. */
  JsonObject claims(String subject, String... roles) {
    JsonArray all = new JsonArray();
    for (String role : roles) {
      all.add(role);
    }
    return TokenKey.claims(url, TokenProfile.AUDIENCE, subject)
        .put("preferred_username", subject + "@example.org")
        .put("realm_access", JsonObject.of("roles", all));
  }

  /** Calls with a token of a subject that has these roles of the issuer. */
  public RequestSpecification as(String subject, String... roles) {
    return with(key.sign(claims(subject, roles)));
  }

  static RequestSpecification with(String token) {
    return given().header("Authorization", "Bearer " + token);
  }

  static Response view(String token) {
    return with(token).get("/login-probe/viewer");
  }

  @Override
  public void close() {
    issuer.close();
  }
}
