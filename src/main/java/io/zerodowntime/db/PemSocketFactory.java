package io.zerodowntime.db;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.jdbc.SslMode;
import org.postgresql.ssl.NonValidatingFactory;
import org.postgresql.ssl.WrappedFactory;
import org.postgresql.util.PSQLException;

/**
 * TLS of the JDBC driver with a client certificate, from the same files as the reactive client. The
 * driver's own factory takes keys in PKCS#8 only, and knows EC keys by a setting of their own. The
 * driver makes one for each connection, so files that change are read again.
 */
@RegisterForReflection
public final class PemSocketFactory extends WrappedFactory {

  /**
   * Called by the driver.
   *
   * @param connection its parameters: {@code sslmode}, {@code sslrootcert}, {@code sslcert}, {@code
   *     sslkey}
   * @throws IllegalArgumentException if a file cannot be used
   */
  public PemSocketFactory(Properties connection)
      throws GeneralSecurityException, IOException, PSQLException {
    TlsFiles files =
        new TlsFiles(
            Optional.ofNullable(PGProperty.SSL_ROOT_CERT.getOrDefault(connection)),
            Optional.ofNullable(PGProperty.SSL_CERT.getOrDefault(connection)),
            Optional.ofNullable(PGProperty.SSL_KEY.getOrDefault(connection)));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        files.clientCertificate().orElseThrow().keyManagers(),
        SslMode.of(connection).verifyCertificate()
            ? trusted(files.rootCertificate())
            : new TrustManager[] {new NonValidatingFactory.NonValidatingTM()},
        null);
    factory = context.getSocketFactory();
  }

  private static TrustManager[] trusted(Optional<String> file)
      throws GeneralSecurityException, IOException {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(file.isPresent() ? store(Path.of(file.get())) : runtime());
    return trust.getTrustManagers();
  }

  /** Stands for the authorities that the Java runtime trusts. */
  private static @Nullable KeyStore runtime() {
    return null;
  }

  private static KeyStore store(Path file) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var in = Files.newInputStream(file)) {
      int number = 0;
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("authority-" + number++, each);
      }
    }
    return store;
  }
}
