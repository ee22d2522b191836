package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import io.zerodowntime.scenario.EdgeAnswers.Call;
import io.zerodowntime.scenario.EdgeHttp.Reply;
import io.zerodowntime.scenario.Ledger.Seen;
import io.zerodowntime.scenario.Ledger.Version;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/**
 * Writes with and without a key, reads what it wrote, and sends keyed writes again long after they
 * were answered. Without an answer, or with a 503, it does what a client should: a keyed write is
 * sent again under its key, an un-keyed one is given up. An order whose un-keyed change may still
 * be done is not changed again.
 */
final class EdgeClient implements PacedThreads.Turn {
  private static final int REMEMBERED = 200;

  private final int number;
  private final int clients;
  private final EdgeHttp http;
  private final Ledger ledger;
  private final Failures failures;
  private final Random random;
  private final List<Long> own = new ArrayList<>();
  private final Set<Long> left = new HashSet<>();
  private final List<Answered> keyed = new ArrayList<>();
  private Write pending;

  /**
   * @param number from 0 up to, but without, {@code clients}
   */
  EdgeClient(int number, int clients, EdgeHttp http, Ledger ledger, Failures failures) {
    this.number = number;
    this.clients = clients;
    this.http = http;
    this.ledger = ledger;
    this.failures = failures;
    this.random = new Random(number);
  }

  /**
   * A write that is not answered yet.
   *
   * @param id 0 for an order that is to be created
   * @param version null for that
   * @param key null for none
   */
  private record Write(
      Call call, long id, String body, String status, String key, long asked, Version version) {
    String method() {
      return id == 0 ? "POST" : "PATCH";
    }

    String path() {
      return id == 0 ? "/orders" : "/orders/" + id;
    }
  }

  private record Answered(Write write, String body) {}

  private long user() {
    return 1_000_000L + number;
  }

  @Override
  public void take() throws Exception {
    if (pending == null && !keyed.isEmpty() && random.nextInt(4) == 0) {
      repeat(keyed.get(random.nextInt(keyed.size())));
      return;
    }
    attempt(pending == null ? next() : pending);
    if (pending == null && !own.isEmpty()) {
      readLast();
      readAsStranger(own.get(random.nextInt(own.size())));
    }
  }

  /** Sends what is left of a keyed write; whether there is nothing more to send. */
  boolean isSettled() throws Exception {
    if (pending != null) {
      attempt(pending);
    }
    return pending == null;
  }

  private Write next() {
    String status = Writer.STATUSES.get(random.nextInt(Writer.STATUSES.size()));
    String key = random.nextBoolean() ? UUID.randomUUID().toString() : null;
    long id = random.nextInt(3) == 0 ? 0 : toChange();
    String body =
        id == 0
            ? "{\"userId\":%d,\"amount\":12.5,\"status\":\"%s\"}".formatted(user(), status)
            : "{\"status\":\"%s\"}".formatted(status);
    Call call =
        id == 0
            ? (key == null ? Call.CREATE : Call.KEYED_CREATE)
            : (key == null ? Call.UPDATE : Call.KEYED_UPDATE);
    Version version = id == 0 ? null : ledger.asks(id, status);
    return new Write(call, id, body, status, key, ledger.now(), version);
  }

  /** An order of its own, or one of before that no other client changes; 0 if it may not be. */
  private long toChange() {
    long legacy =
        1 + number + clients * (long) random.nextInt((int) ledger.legacyOrders() / clients);
    long id = own.isEmpty() || random.nextBoolean() ? legacy : own.get(random.nextInt(own.size()));
    return left.contains(id) ? 0 : id;
  }

  private void attempt(Write write) throws IOException, InterruptedException {
    pending = write.key() == null ? null : write;
    Reply reply = http.send(write.call(), write.method(), write.path(), write.body(), write.key());
    if (reply.good()) {
      pending = null;
      done(write, reply);
    } else if (write.key() == null) {
      givenUp(write, reply.unknown());
    }
  }

  private void done(Write write, Reply reply) throws IOException, InterruptedException {
    JsonNode order = reply.json();
    long id = order.get("id").asLong();
    if (write.id() == 0) {
      ledger.created(id, user(), write.status(), write.asked());
      own.add(id);
    } else {
      ledger.acknowledges(write.version());
    }
    boolean same = write.id() == 0 || write.id() == id;
    if (!same || !order.get("status").asText().equals(write.status())) {
      failures.add(write + " was answered " + reply);
    }
    if (write.key() != null) {
      remember(new Answered(write, reply.body()));
    }
    readOwn(id);
  }

  private void givenUp(Write write, boolean unknown) {
    if (write.id() == 0) {
      if (unknown) {
        ledger.uncertainCreation();
      }
    } else if (unknown) {
      left.add(write.id());
    } else {
      ledger.refused(write.id(), write.version());
    }
  }

  private void remember(Answered answered) {
    if (keyed.size() < REMEMBERED) {
      keyed.add(answered);
    } else {
      keyed.set(random.nextInt(REMEMBERED), answered);
    }
  }

  private void repeat(Answered before) throws IOException, InterruptedException {
    Write write = before.write();
    Call call = write.call().creates() ? Call.REPLAY_CREATE : Call.REPLAY_UPDATE;
    Reply reply = http.send(call, write.method(), write.path(), write.body(), write.key());
    if (reply.good() && !(reply.replayed() && reply.body().equals(before.body()))) {
      failures.add("replay of " + before + " was answered " + reply);
    }
  }

  private void readOwn(long id) throws IOException, InterruptedException {
    String path = "/orders/" + id;
    long from = ledger.now();
    Reply reply = http.send(Call.OWN_READ, "GET", path, null, null);
    if (reply.good()) {
      judge(id, reply.json(), from, path);
    }
  }

  /** A list that begins with the order that it created last. */
  private void readLast() throws IOException, InterruptedException {
    long last = own.get(own.size() - 1);
    String path = "/orders?userId=%d&after=%d&limit=5".formatted(user(), last - 1);
    long from = ledger.now();
    Reply reply = http.send(Call.OWN_LIST, "GET", path, null, null);
    if (reply.good()) {
      judge(last, reply.json().at("/items/0"), from, path);
    }
  }

  private void judge(long id, JsonNode order, long from, String path) {
    if (order.path("id").asLong() != id) {
      failures.add(path + " shows " + order);
    }
    Seen seen = new Seen(id, order.path("status").asText(), from, ledger.now(), path);
    ledger.complaint(seen).ifPresent(failures::add);
  }

  /** Without the token a replica may answer with any value that there ever was. */
  private void readAsStranger(long id) throws IOException, InterruptedException {
    Reply reply = http.send(Call.READ, "GET", "/orders/" + id, null, null);
    List<String> ever = ledger.allowed(id, 0, ledger.now());
    if (reply.good() && !ever.contains(reply.json().get("status").asText())) {
      failures.add("a stranger sees " + reply + ", there were " + ever);
    }
  }
}
