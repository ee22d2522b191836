package io.zerodowntime.db;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Files of a TLS connection, all of them PEM.
 *
 * @param rootCertificate the authorities to trust in the verifying modes; empty for those that the
 *     Java runtime trusts
 * @param certificate what the client shows, with its chain; empty if it shows none
 * @param key of that certificate, without a passphrase; there if and only if the certificate is
 */
public record TlsFiles(
    Optional<String> rootCertificate, Optional<String> certificate, Optional<String> key) {

  /**
   * Looks at the files, as a start does.
   *
   * @throws IllegalArgumentException if one cannot be read or parsed, or others may read the key
   */
  void check() {
    rootCertificate.ifPresent(file -> SecretFile.read("sslrootcert", Path.of(file)));
    clientCertificate().ifPresent(ClientCertificate::keyStore);
  }

  /** What the client shows; reads the files anew. Blocking, and fails as {@link #check} does. */
  Optional<ClientCertificate> clientCertificate() {
    return certificate.flatMap(
        shown -> key.map(secret -> ClientCertificate.read(Path.of(shown), Path.of(secret))));
  }
}
