package io.zerodowntime.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that the files of a first run are private, and that existing ones are kept. */
class LocalFilesTest {
  @TempDir Path directory;

  @Test
  void thePasswordIsKeptForItsOwnerOnly() throws IOException {
    String password = LocalFiles.operatorPassword(directory);

    assertThat(password).hasSize(24);
    assertThat(LocalFiles.operatorPassword(directory)).isEqualTo(password);
    Path file = directory.resolve("operator-password");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void anEmptyPasswordFileIsFilled() throws IOException {
    Files.writeString(directory.resolve("operator-password"), " \n");

    assertThat(LocalFiles.operatorPassword(directory)).hasSize(24);
  }

  @Test
  void aPrivateDirectoryIsThisUsersAlone() throws IOException {
    Path made = LocalFiles.privateDirectory(directory.resolve("private"));

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
    assertThat(LocalFiles.privateDirectory(made)).isEqualTo(made);
  }

  @Test
  void whatOthersCouldChangeIsNoPrivateDirectory() throws IOException {
    Path open =
        Files.createDirectory(
            directory.resolve("open"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory);

    for (Path refused : List.of(open, link)) {
      assertThatThrownBy(() -> LocalFiles.privateDirectory(refused))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("0700");
    }
  }

  @Test
  void flagsThatExistAreKept() throws IOException {
    Files.createDirectories(directory.resolve("flags"));
    Files.writeString(directory.resolve("flags/A"), "true");

    Path flags = LocalFiles.flags(directory, List.of("A", "B"));

    assertThat(flags).isAbsolute();
    assertThat(flags.resolve("A")).hasContent("true");
    assertThat(flags.resolve("B")).hasContent("false");
  }
}
