package io.zerodowntime.testing;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** A key of an issuer, and tokens made with it or, as an attacker does, from its public part. */
public record TokenKey(String id, RSAPublicKey publicKey, @Nullable PrivateKey privateKey) {
  private static final int PAIRS = 6;
  private static final List<KeyPair> MADE = new ArrayList<>();
  private static final AtomicInteger TAKEN = new AtomicInteger();
  private static final String HEADER = "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}";

  /**
   * A key of this name. It is another one than the five before it, more than a test has; to make
   * one takes up to a second, so its material comes again after them.
   */
  public static TokenKey generate(String id) {
    KeyPair pair = next();
    return new TokenKey(id, (RSAPublicKey) pair.getPublic(), pair.getPrivate());
  }

  private static synchronized KeyPair next() {
    if (MADE.size() < PAIRS) {
      MADE.add(make());
    }
    return MADE.get(TAKEN.getAndIncrement() % PAIRS);
  }

  private static KeyPair make() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The public part of a key, from what {@link #encoded} gives. */
  static TokenKey published(String id, String encoded) {
    try {
      X509EncodedKeySpec spec = new X509EncodedKeySpec(Base64.getDecoder().decode(encoded));
      return new TokenKey(
          id, (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(spec), null);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The public part in one word. */
  public String encoded() {
    return Base64.getEncoder().encodeToString(publicKey.getEncoded());
  }

  /** Claims of a token that is valid for five minutes. */
  public static JsonObject claims(TestIssuer issuer, String audience, String subject) {
    return claims(issuer.url(), audience, subject);
  }

  public static JsonObject claims(String issuer, String audience, String subject) {
    long now = Instant.now().getEpochSecond();
    return JsonObject.of(
        "iss", issuer, "aud", audience, "sub", subject, "iat", now, "exp", now + 300);
  }

  /** A token that is signed as it has to be. */
  public String sign(JsonObject claims) {
    try {
      String text = text("RS256", claims);
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(privateKey);
      signature.update(text.getBytes(StandardCharsets.US_ASCII));
      return text + "." + encode(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A token that says that it needs no signature. */
  public String unsigned(JsonObject claims) {
    return text("none", claims) + ".";
  }

  /** A token that takes the public key, which everyone has, for a shared secret. */
  public String signWithPublicKey(JsonObject claims) {
    try {
      String text = text("HS256", claims);
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(publicKey.getEncoded(), "HmacSHA256"));
      return text + "." + encode(mac.doFinal(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private String text(String algorithm, JsonObject claims) {
    return encode(HEADER.formatted(algorithm, id).getBytes(StandardCharsets.UTF_8))
        + "."
        + encode(claims.encode().getBytes(StandardCharsets.UTF_8));
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
