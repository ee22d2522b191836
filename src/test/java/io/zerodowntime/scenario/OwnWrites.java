package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.ApiShapes;
import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/**
 * A client that writes its own orders and reads each of them at once, by a header or by a cookie. A
 * stranger reads them beside it, without either.
 */
final class OwnWrites implements PacedThreads.Turn {
  private static final String TOKEN = "Write-Position";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI instance;
  private final boolean cookies;
  private final Duration maxLag;
  private final Failures failures;
  private final long user;
  private final Random random;
  private final HttpClient own;
  private final HttpClient stranger = client().build();
  private final Map<Long, List<Shown>> orders = new HashMap<>();
  private final List<Long> ids = new ArrayList<>();
  private String token = "";

  /**
   * @param cookies whether the token comes and goes as a cookie
   * @param maxLag how old what a stranger is shown may be, in all
   */
  OwnWrites(int number, URI instance, boolean cookies, Duration maxLag, Failures failures) {
    this.instance = instance;
    this.cookies = cookies;
    this.maxLag = maxLag;
    this.failures = failures;
    this.user = 900_000L + number;
    this.random = new Random(number);
    HttpClient.Builder client = client();
    this.own = (cookies ? client.cookieHandler(new CookieManager()) : client).build();
  }

  /** As the other clients of scenarios, which do not upgrade their connections. */
  private static HttpClient.Builder client() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
  }

  /** A value, and when it was acknowledged. */
  private record Shown(String status, long at) {}

  @Override
  public void take() throws Exception {
    String status = Writer.STATUSES.get(random.nextInt(Writer.STATUSES.size()));
    long id = ids.isEmpty() || random.nextInt(4) == 0 ? create(status) : change(status);
    if (id != 0) {
      readOne(id, status);
      if (random.nextInt(4) == 0) {
        list();
      }
      readAsStranger(ids.get(random.nextInt(ids.size())));
    }
  }

  private long create(String status) throws IOException, InterruptedException {
    String body = "{\"userId\":%d,\"amount\":1,\"status\":\"%s\"}".formatted(user, status);
    JsonNode order = write("POST", "/orders", body, 201);
    if (order == null) {
      return 0;
    }
    long id = order.get("id").asLong();
    ids.add(id);
    orders.put(id, new ArrayList<>(List.of(new Shown(status, System.nanoTime()))));
    return id;
  }

  private long change(String status) throws IOException, InterruptedException {
    long id = ids.get(random.nextInt(ids.size()));
    JsonNode order = write("PATCH", "/orders/" + id, "{\"status\":\"%s\"}".formatted(status), 200);
    if (order == null) {
      return 0;
    }
    orders.get(id).add(new Shown(status, System.nanoTime()));
    return id;
  }

  private JsonNode write(String method, String path, String body, int expected)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        own.send(
            HttpRequest.newBuilder(instance.resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    token = answer.headers().firstValue(TOKEN).orElse("");
    if (answer.statusCode() != expected || !token.matches(ApiShapes.WRITE_POSITION)) {
      failures.add(method + " " + path + ": " + answer + answer.headers().map() + answer.body());
      return null;
    }
    return JSON.readTree(answer.body());
  }

  private void readOne(long id, String status) throws IOException, InterruptedException {
    HttpResponse<String> answer = ask("/orders/" + id);
    if (answer.statusCode() != 200 || !status(answer).equals(status)) {
      failures.add("own order %d is not %s: %s".formatted(id, status, text(answer)));
    }
  }

  private void list() throws IOException, InterruptedException {
    long last = ids.get(ids.size() - 1);
    HttpResponse<String> answer = ask("/orders?userId=%d&after=%d".formatted(user, last - 1));
    List<Shown> shown = orders.get(last);
    if (answer.statusCode() != 200
        || !JSON.readTree(answer.body())
            .at("/items/0/status")
            .asText()
            .equals(shown.get(shown.size() - 1).status())) {
      failures.add("the list lacks own order %d: %s".formatted(last, text(answer)));
    }
  }

  private HttpResponse<String> ask(String path) throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(instance.resolve(path));
    if (!cookies) {
      request.header(TOKEN, token);
    }
    return own.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Any value that was the last one at some time within the bound; never "no such order". */
  private void readAsStranger(long id) throws IOException, InterruptedException {
    long began = System.nanoTime();
    HttpResponse<String> answer =
        stranger.send(
            HttpRequest.newBuilder(instance.resolve("/orders/" + id)).build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200 || !allowed(id, began).contains(status(answer))) {
      failures.add(
          "a stranger sees %d, allowed %s: %s".formatted(id, allowed(id, began), text(answer)));
    }
  }

  private List<String> allowed(long id, long began) {
    List<String> allowed = new ArrayList<>();
    for (Shown shown : orders.get(id)) {
      if (began - shown.at() > maxLag.toNanos()) {
        allowed.clear();
      }
      allowed.add(shown.status());
    }
    return allowed;
  }

  private static String status(HttpResponse<String> answer) throws IOException {
    return JSON.readTree(answer.body()).path("status").asText();
  }

  private static String text(HttpResponse<String> answer) {
    return answer.statusCode() + " " + answer.body();
  }
}
