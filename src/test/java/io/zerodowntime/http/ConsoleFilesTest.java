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
import java.util.ArrayList;
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
  private static final Pattern NAMED = Pattern.compile("\"(/(?:assets|webjars)/[^\"]+)\"");
  private static final String PLOTS = "/webjars/uplot/1.6.30/dist/uPlot.iife.min.js";
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
        .contains("require-trusted-types-for 'script'", "trusted-types plots")
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

  /** Our files, and what they name. */
  private static List<String> loaded() throws IOException {
    List<String> all = new ArrayList<>();
    for (Path file : own()) {
      all.add("/" + FILES.relativize(file));
      all.addAll(named(file));
    }
    assertThat(all).contains(PLOTS);
    return all.stream().distinct().toList();
  }

  private static List<Path> own() throws IOException {
    try (Stream<Path> tree = Files.walk(FILES)) {
      return tree.filter(Files::isRegularFile).toList();
    }
  }

  private static List<String> named(Path file) throws IOException {
    return NAMED
        .matcher(Files.readString(file))
        .results()
        .map((MatchResult m) -> m.group(1))
        .toList();
  }

  /** Each script that another one imports is asked for at once, not when that one has come. */
  @Test
  void firstPaintNeedsThePageAndOneStylesheet() throws IOException {
    Path page = FILES.resolve("index.html");
    List<String> scripts =
        own().stream()
            .map(file -> "/" + FILES.relativize(file))
            .filter(name -> name.endsWith(".js"))
            .toList();
    assertThat(named(page)).containsAll(scripts).doesNotContain(PLOTS).doesNotHaveDuplicates();
    assertThat(named(page).stream().filter(name -> name.endsWith(".css"))).hasSize(1);
    assertThat(Files.readString(page)).containsOnlyOnce("<script ").contains("type=\"module\"");
  }

  /** Its address has its version. */
  @Test
  void aBrowserKeepsTheLibraryOfPlots() {
    Response library = given().get(PLOTS);
    assertThat(library.header("Cache-Control")).contains("max-age=").contains("immutable");
    assertThat(library.header("Content-Security-Policy")).contains("default-src 'none'");
  }

  @Test
  void makeNoMarkupOfTextAndNameNoOtherHost() throws IOException {
    for (Path file : own()) {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      assertThat(UNSAFE.matcher(text).results().map(MatchResult::group)).as("%s", file).isEmpty();
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
