package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that passwords come from the files that libpq would take them from, read each time. */
class DatabasePasswordTest {
  private static final DatabaseHost HOST = new DatabaseHost("db.example", 5433);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "db.example:5433:shop:ada:s3cr3t, s3cr3t",
        "*:*:*:*:s3cr3t, s3cr3t",
        "*:5433:*:ada:a:b:c, a:b:c",
        "*:*:shop:ada:a\\:b\\\\c, a:b\\c",
        "db.example:5433:shop:ada:\\*, *",
        "#db.example:5433:shop:ada:no|*:*:*:*:yes, yes",
        "other:5433:shop:ada:no|db.example:*:shop:ada:yes|*:*:*:*:late, yes",
        "\\*:5433:shop:ada:no|*:*:*:ada:yes, yes",
        "too:few|*:*:*:*:yes, yes",
        "*:*:*:ada:|*:*:*:*:yes, yes",
      })
  void theFirstLineThatFitsCounts(String lines, String password) throws IOException {
    assertThat(PassFile.password(passFile(lines), HOST, "shop", "ada")).contains(password);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "db.example:5432:shop:ada:x", "db.example:5433:shop:bob:x", "*:*:shops:*:x"})
  void noneFits(String lines) throws IOException {
    assertThat(PassFile.password(passFile(lines), HOST, "shop", "ada")).isEmpty();
  }

  private Path passFile(String lines) throws IOException {
    Path file = directory.resolve("pgpass");
    Files.writeString(file, lines.replace("|", "\n") + "\r\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  @Test
  void aPasswordFileThatOthersMayReadIsRefused() throws IOException {
    Path file = passFile("*:*:*:*:s3cr3t");
    for (String mode : new String[] {"rw-r-----", "rw----r--", "rw--w----"}) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      assertThatIllegalArgumentException()
          .as(mode)
          .isThrownBy(() -> PassFile.password(file, HOST, "shop", "ada"))
          .withMessageContaining("may be read by others")
          .withMessageContaining("0600 or less")
          .withMessageNotContaining("s3cr3t");
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r-x------"));
    assertThat(PassFile.password(file, HOST, "shop", "ada")).contains("s3cr3t");
  }

  @Test
  void aFileIsReadEachTime() throws IOException {
    Path file = Files.writeString(directory.resolve("password"), "one\n");
    DatabasePassword password =
        new DatabasePassword(Optional.empty(), Optional.of(file), Optional.empty());
    assertThat(password.isInFile()).isTrue();
    assertThat(password.of(HOST, "shop", "ada")).contains("one");
    Files.writeString(file, " two ");
    assertThat(password.of(HOST, "shop", "ada")).contains(" two ");
    Files.writeString(file, "\n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> password.of(HOST, "shop", "ada"))
        .withMessageContaining("is empty");
    Files.delete(file);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> password.of(HOST, "shop", "ada"))
        .withMessageContaining("does not exist");
  }

  @Test
  void theUrlsOwnPasswordCountsFirstAndTheFileOfOnePasswordBeforeTheOtherOne() throws IOException {
    Path file = Files.writeString(directory.resolve("password"), "file");
    Optional<String> passFile = Optional.of(passFile("*:*:*:*:passfile").toString());
    DatabaseUrl given = DatabaseUrl.parse("postgresql://ada:given@h/shop");
    DatabaseUrl bare = DatabaseUrl.parse("postgresql://ada@h/shop");

    assertThat(given.withPasswordFiles(Optional.of(file.toString()), passFile).password(HOST))
        .contains("given");
    assertThat(bare.withPasswordFiles(Optional.of(file.toString()), passFile).password(HOST))
        .contains("file");
    assertThat(bare.withPasswordFiles(Optional.empty(), passFile).password(HOST))
        .contains("passfile");
    assertThat(
            DatabaseUrl.parse("postgresql://ada@h/shop?passfile=" + passFile.get()).password(HOST))
        .contains("passfile");
    assertThat(bare.password(HOST)).isEmpty();
  }
}
