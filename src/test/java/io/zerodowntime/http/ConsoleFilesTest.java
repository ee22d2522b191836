package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.EngineProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of the console: what is sent with them, what they load, and how large they are. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ConsoleFilesTest {
  private static final int MOST_BYTES = 100 * 1024;
  private static final Path FILES = Path.of("src/main/resources/META-INF/resources");
  private static final Pattern LOADED = Pattern.compile("(?:src|href)=\"(/(?!/)[^\"#]+)\"");
  private static final Pattern UNSAFE =
      Pattern.compile(
          "innerHTML|outerHTML|insertAdjacent|document\\.write|\\beval\\b|new Function|style=|"
              + "\\son[a-z]+=|https?://(?!www\\.w3\\.org/2000/svg)");

  @ParameterizedTest
  @ValueSource(strings = {"/", "/index.html", "/assets/main.js", "/assets/console.css"})
  void areSentWithAStrictPolicy(String path) {
    Response file = given().get(path);
    assertThat(file.statusCode()).isEqualTo(200);
    assertThat(file.header("Content-Security-Policy"))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .contains("require-trusted-types-for 'script'")
        .doesNotContain("unsafe");
    assertThat(file.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(file.headers().getValues("Cache-Control")).contains("no-store");
  }

  @Test
  void loadWhatIsThereAndAreSmall() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (String path : loaded()) {
      Response file = given().get(path);
      assertThat(file.statusCode()).as(path).isEqualTo(200);
      try (GZIPOutputStream packed = new GZIPOutputStream(all)) {
        packed.write(file.asByteArray());
      }
    }
    System.out.println("the console has " + all.size() + " bytes, each file gzipped");
    assertThat(all.size()).isLessThan(MOST_BYTES);
  }

  /** The page, what it names, and every other file of ours. */
  private static List<String> loaded() throws IOException {
    String page = Files.readString(FILES.resolve("index.html"));
    Stream<String> named = LOADED.matcher(page).results().map((MatchResult m) -> m.group(1));
    try (Stream<Path> tree = Files.walk(FILES)) {
      List<String> own =
          tree.filter(Files::isRegularFile).map(file -> "/" + FILES.relativize(file)).toList();
      return Stream.concat(named, own.stream()).distinct().toList();
    }
  }

  @Test
  void makeNoMarkupOfTextAndNameNoOtherHost() throws IOException {
    try (Stream<Path> tree = Files.walk(FILES)) {
      for (Path file : tree.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file, StandardCharsets.UTF_8);
        assertThat(UNSAFE.matcher(text).results().map(MatchResult::group)).as("%s", file).isEmpty();
      }
    }
  }

  @Test
  void leaveEveryOtherPathAProblem() {
    for (String path : List.of("/nothing", "/assets/nothing.js", "/assets/", "/webjars/")) {
      Response none = given().get(path);
      assertThat(none.statusCode()).as(path).isEqualTo(404);
      assertThat(none.contentType()).as(path).isEqualTo(Problem.MEDIA_TYPE);
    }
    assertThat(given().post("/").statusCode()).isIn(404, 405);
  }
}
