package io.zerodowntime.db;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.impl.KeyStoreHelper;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * A certificate with its key, as they are in their files at one time. Both clients read the same
 * forms: RSA and EC keys in PKCS#8, PKCS#1 and SEC 1, without a passphrase.
 */
record ClientCertificate(String certificate, String key, String names) {

  /**
   * Reads both files. Blocking.
   *
   * @throws IllegalArgumentException if one cannot be read or others may read the key
   */
  static ClientCertificate read(Path certificate, Path key) {
    SecretFile.requireKeyMode("sslkey", key);
    return new ClientCertificate(
        SecretFile.read("sslcert", certificate),
        SecretFile.read("sslkey", key),
        "sslcert %s and sslkey %s".formatted(certificate, key));
  }

  /** For the reactive client. */
  PemKeyCertOptions options() {
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(certificate))
        .addKeyValue(Buffer.buffer(key));
  }

  /**
   * For the JDBC driver.
   *
   * @throws IllegalArgumentException if there is no certificate or no key that can be read
   */
  KeyManager[] keyManagers() {
    try {
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(keyStore(), KeyStoreHelper.DUMMY_PASSWORD.toCharArray());
      return factory.getKeyManagers();
    } catch (GeneralSecurityException e) {
      throw unusable(e);
    }
  }

  /**
   * Both, parsed.
   *
   * @throws IllegalArgumentException if there is no certificate or no key that can be read
   */
  KeyStore keyStore() {
    try {
      return KeyStoreHelper.loadKeyCert(
          List.of(Buffer.buffer(key)), List.of(Buffer.buffer(certificate)));
    } catch (Exception e) {
      throw unusable(e);
    }
  }

  private IllegalArgumentException unusable(Exception cause) {
    return new IllegalArgumentException(
        names + " are not a PEM certificate and a PEM key without a passphrase", cause);
  }

  @Override
  public String toString() {
    return names;
  }
}
