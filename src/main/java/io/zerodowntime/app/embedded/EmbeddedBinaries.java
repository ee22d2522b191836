package io.zerodowntime.app.embedded;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The PostgreSQL binaries of the class path, and where the library unpacks them. */
final class EmbeddedBinaries implements PgBinaryResolver {
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

  private final Path unpackedBelow;
  private volatile String name = "";

  EmbeddedBinaries(Path unpackedBelow) {
    this.unpackedBelow = unpackedBelow;
  }

  @Override
  public InputStream getPgBinary(String system, String hardware) throws IOException {
    try (InputStream archive =
        DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, hardware)) {
      byte[] bytes = archive.readAllBytes();
      name = "PG-" + HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
      return new ByteArrayInputStream(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The major version; to be asked after the library has unpacked them. */
  String major() throws IOException {
    Path server = unpackedBelow.resolve(name).resolve("bin").resolve("postgres");
    Process process = new ProcessBuilder(server.toString(), "--version").start();
    String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher matcher = VERSION.matcher(line);
    if (!matcher.find()) {
      throw new IOException(server + " does not say its version but: " + line);
    }
    return matcher.group(1);
  }
}
