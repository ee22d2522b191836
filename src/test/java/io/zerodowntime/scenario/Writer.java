package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.scenario.Client.Reply;
import io.zerodowntime.scenario.Ledger.Version;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Creates orders and changes them: its own, and every fourth legacy one. Half of the writes have an
 * Idempotency-Key, and some of those are sent again, at once or much later.
 */
final class Writer implements PacedThreads.Turn {
  static final List<String> STATUSES =
      List.of("pending", "paid", "shipped", "delivered", "cancelled", "returned");
  static final int USERS = 50;
  private static final int REMEMBERED = 500;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int number;
  private final Client client;
  private final Ledger ledger;
  private final Failures failures;
  private final Random random;
  private final List<Long> own = new ArrayList<>();
  private final List<Keyed> keyed = new ArrayList<>();

  Writer(int number, Client client, Ledger ledger, Failures failures) {
    this.number = number;
    this.client = client;
    this.ledger = ledger;
    this.failures = failures;
    this.random = new Random(number);
  }

  /** A user whose orders only this writer creates. */
  static long user(int writer, int user) {
    return 1_000_000L * (writer + 1) + user;
  }

  @Override
  public void take() throws Exception {
    int dice = random.nextInt(100);
    String key = random.nextBoolean() ? UUID.randomUUID().toString() : null;
    if (dice < 45) {
      create(key);
    } else if (dice < 70 && ledger.legacyOrders() >= Traffic.WRITERS) {
      change(legacy(), key);
    } else if (dice < 88 && !own.isEmpty()) {
      change(own.get(random.nextInt(own.size())), key);
    } else if (dice < 94 && !keyed.isEmpty()) {
      repeat(keyed.get(random.nextInt(keyed.size())));
    } else {
      createTwice();
    }
  }

  private long legacy() {
    long each = ledger.legacyOrders() / Traffic.WRITERS;
    return 1 + number + Traffic.WRITERS * (long) (random.nextDouble() * each);
  }

  private String status() {
    return STATUSES.get(random.nextInt(STATUSES.size()));
  }

  private void create(String key) throws IOException, InterruptedException {
    long user = user(number, random.nextInt(USERS));
    String status = status();
    String body = body(user, status);
    long asked = ledger.now();
    Reply reply = client.write("POST", "/orders", body, key);
    if (expected(reply, 201, key, "POST /orders")) {
      created(reply, user, status, asked);
      remember(key, "POST", "/orders", body, reply);
    } else if (reply.outcomeUnknown()) {
      ledger.uncertainCreation();
    }
  }

  private static String body(long user, String status) {
    return "{\"userId\":%d,\"amount\":12.5,\"status\":\"%s\"}".formatted(user, status);
  }

  private void created(Reply reply, long user, String status, long asked) throws IOException {
    JsonNode order = JSON.readTree(reply.body());
    if (order.get("userId").asLong() != user || !order.get("status").asText().equals(status)) {
      failures.add("POST of " + user + ", " + status + " was answered " + reply);
    }
    long id = order.get("id").asLong();
    ledger.created(id, user, status, asked);
    own.add(id);
  }

  private void change(long id, String key) throws IOException, InterruptedException {
    String status = status();
    String path = "/orders/" + id;
    String body = "{\"status\":\"%s\"}".formatted(status);
    Version version = ledger.asks(id, status);
    Reply reply = client.write("PATCH", path, body, key);
    if (expected(reply, 200, key, "PATCH " + path)) {
      ledger.acknowledges(version);
      JsonNode order = JSON.readTree(reply.body());
      if (order.get("id").asLong() != id || !order.get("status").asText().equals(status)) {
        failures.add("PATCH of " + id + " to " + status + " was answered " + reply);
      }
      remember(key, "PATCH", path, body, reply);
    }
  }

  // connections may break under a write; the scenarios say whether it may happen
  private boolean expected(Reply reply, int status, String key, String what) {
    boolean done = reply.status() == status;
    if (done && !reply.replayed()) {
      return true;
    }
    String failure = "%s, key %s: %s".formatted(what, key, reply);
    if (key == null ? reply.outcomeUnknown() : done) {
      failures.addBroken(failure);
    } else {
      failures.add(failure);
    }
    return done;
  }

  private void remember(String key, String method, String path, String body, Reply reply) {
    if (key == null) {
      return;
    }
    Keyed request = new Keyed(key, method, path, body, reply);
    if (keyed.size() < REMEMBERED) {
      keyed.add(request);
    } else {
      keyed.set(random.nextInt(REMEMBERED), request);
    }
  }

  private void repeat(Keyed before) throws IOException, InterruptedException {
    Reply again = client.write(before.method, before.path, before.body, before.key);
    same(before.reply, again, before.path);
    if (!again.replayed()) {
      failures.add("no replay: " + again);
    }
  }

  private void same(Reply first, Reply second, String path) {
    if (first.status() != second.status() || !first.body().equals(second.body())) {
      failures.add("same key, " + path + ", other answers: " + first + " and " + second);
    }
  }

  private void createTwice() throws Exception {
    long user = user(number, random.nextInt(USERS));
    String status = status();
    long asked = ledger.now();
    List<CompletableFuture<Reply>> both =
        client.writeEverywhere("POST", "/orders", body(user, status), UUID.randomUUID().toString());
    Reply first = both.get(0).get();
    for (CompletableFuture<Reply> other : both) {
      same(first, other.get(), "/orders, at the same moment");
    }
    if (first.status() == 201) {
      created(first, user, status, asked);
    } else {
      failures.add("POST /orders twice at the same moment: " + first);
    }
  }

  private record Keyed(String key, String method, String path, String body, Reply reply) {}
}
