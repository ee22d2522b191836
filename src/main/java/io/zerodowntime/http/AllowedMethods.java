package io.zerodowntime.http;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says which methods a path allows, for {@code OPTIONS} and for 405. Quarkus says it for all paths
 * of a class together, or not at all. The source is the API's description that the build keeps as a
 * resource; it is read once, when it is needed first.
 */
@Singleton
class AllowedMethods {
  private static final String DESCRIPTION = "/META-INF/quarkus-generated-openapi-doc.JSON";
  private static final int BEFORE_CALLS = -1;

  private volatile @Nullable List<Call> calls;

  void register(@Observes Router router) {
    router.options().order(BEFORE_CALLS).handler(this::answer);
  }

  private void answer(RoutingContext request) {
    String allowed = of(request.normalizedPath());
    if (allowed.isEmpty()) {
      request.next();
    } else {
      request.response().putHeader(HttpHeaders.ALLOW, allowed).end();
    }
  }

  /** The value of the header {@code Allow}; empty for a path that no call has. */
  String of(String path) {
    List<Call> known = calls;
    if (known == null) {
      known = read();
      calls = known;
    }
    return known.stream()
        .filter(call -> call.path().matcher(path).matches())
        .findFirst()
        .map(Call::allowed)
        .orElse("");
  }

  private static List<Call> read() {
    try (InputStream resource = AllowedMethods.class.getResourceAsStream(DESCRIPTION)) {
      byte[] json = Objects.requireNonNull(resource, DESCRIPTION).readAllBytes();
      JsonObject paths =
          new JsonObject(new String(json, StandardCharsets.UTF_8)).getJsonObject("paths");
      return paths.fieldNames().stream()
          .map(path -> call(path, paths.getJsonObject(path).fieldNames()))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Call call(String path, Set<String> operations) {
    Set<String> methods = new TreeSet<>(Set.of("OPTIONS"));
    operations.forEach(each -> methods.add(each.toUpperCase(Locale.ROOT)));
    if (methods.contains("GET")) {
      methods.add("HEAD");
    }
    Pattern pattern = Pattern.compile(path.replaceAll("\\{[^}]*}", "[^/]+"));
    return new Call(pattern, String.join(", ", methods));
  }

  private record Call(Pattern path, String allowed) {}
}
