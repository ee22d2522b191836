package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.scenario.Client.Reply;
import io.zerodowntime.scenario.Ledger.Seen;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Reads orders one by one, in lists and with both columns; the ledger judges all it is shown. */
final class Reader implements PacedThreads.Turn {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LIMIT = 20;

  private final Client client;
  private final Ledger ledger;
  private final Failures failures;
  private final Random random;

  Reader(int number, Client client, Ledger ledger, Failures failures) {
    this.client = client;
    this.ledger = ledger;
    this.failures = failures;
    this.random = new Random(100 + number);
  }

  @Override
  public void take() throws Exception {
    int dice = random.nextInt(100);
    if (dice < 60) {
      readOne(anyOrder());
    } else if (dice < 75) {
      listByStatus();
    } else if (dice < 90) {
      listByUser();
    } else {
      readBoth(anyOrder());
    }
  }

  private long anyOrder() {
    long created = ledger.anyCreated(random.nextDouble());
    return (created == 0 || random.nextBoolean()) && ledger.legacyOrders() > 0
        ? 1 + (long) (random.nextDouble() * ledger.legacyOrders())
        : created;
  }

  private void readOne(long id) throws IOException, InterruptedException {
    if (id == 0) {
      return;
    }
    String path = "/orders/" + id;
    long from = ledger.now();
    Reply reply = client.get(path);
    if (expected(reply, path)) {
      JsonNode order = JSON.readTree(reply.body());
      judge(order.get("id").asLong(), order.get("status").textValue(), from, ledger.now(), path);
    }
  }

  private void readBoth(long id) throws IOException, InterruptedException {
    if (id == 0) {
      return;
    }
    String path = "/orders/" + id + "/shadow";
    long from = ledger.now();
    Reply reply = client.get(path);
    if (reply.status() != 409 && expected(reply, path)) {
      JsonNode row = JSON.readTree(reply.body());
      String column = row.get("phase").asInt() >= 2 ? "new" : "old";
      judge(id, row.get(column).get("status").textValue(), from, ledger.now(), path);
    }
  }

  private void listByStatus() throws IOException, InterruptedException {
    String status = Writer.STATUSES.get(random.nextInt(Writer.STATUSES.size()));
    long after = Math.max(0, anyOrder() - 1);
    String path = "/orders?status=%s&after=%d&limit=%d".formatted(status, after, LIMIT);
    long from = ledger.now();
    Reply reply = client.get(path);
    if (expected(reply, path)) {
      long to = ledger.now();
      List<Long> ids = judgeList(reply, from, to, path);
      demand(ledger.certain(status, after, last(reply, ids), from, to), ids, path);
    }
  }

  private void listByUser() throws IOException, InterruptedException {
    long user = Writer.user(random.nextInt(Traffic.WRITERS), random.nextInt(Writer.USERS));
    long after = random.nextBoolean() ? 0 : ledger.anyCreated(random.nextDouble());
    String path = "/orders?userId=%d&after=%d&limit=%d".formatted(user, after, LIMIT);
    long from = ledger.now();
    Reply reply = client.get(path);
    if (expected(reply, path)) {
      List<Long> ids = judgeList(reply, from, ledger.now(), path);
      demand(ledger.certainOf(user, after, last(reply, ids), from), ids, path);
    }
  }

  private List<Long> judgeList(Reply reply, long from, long to, String path) throws IOException {
    List<Long> ids = new ArrayList<>();
    for (JsonNode order : JSON.readTree(reply.body()).get("items")) {
      ids.add(order.get("id").asLong());
      judge(order.get("id").asLong(), order.get("status").textValue(), from, to, path);
      if (path.contains("status=") && !path.contains(order.get("status").textValue())) {
        failures.add(path + " shows " + order);
      }
    }
    return ids;
  }

  // a full page ends somewhere; the last one must show all there is
  private static long last(Reply reply, List<Long> ids) throws IOException {
    return JSON.readTree(reply.body()).get("next").isNull()
        ? Long.MAX_VALUE
        : ids.get(ids.size() - 1);
  }

  private void demand(List<Long> certain, List<Long> shown, String path) {
    List<Long> missing = new ArrayList<>(certain);
    missing.removeAll(shown);
    if (!missing.isEmpty()) {
      failures.add(path + " leaves out " + missing);
    }
  }

  private void judge(long id, String status, long from, long to, String where) {
    ledger.complaint(new Seen(id, status, from, to, where)).ifPresent(failures::add);
  }

  private boolean expected(Reply reply, String path) {
    if (reply.status() != 200) {
      failures.add("GET " + path + ": " + reply);
    }
    return reply.status() == 200;
  }
}
