package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.scenario.Client.Reply;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * An instance is stopped in phase 1 and sleeps while the fleet moves on. What it is sent meanwhile
 * lies in its sockets; it wakes up believing in phase 1, and must write by the rule of today.
 */
@Tag("protocol")
@Tag("alone")
@Isolated
class PausedInstanceIT {
  private static final int ROWS = 1000;
  private static final int REQUESTS = 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(PausedInstanceIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private Fleet fleet;
  private ServiceProcess sleeper;
  private Client client;
  private MigrationWalk walk;

  @BeforeEach
  void phaseOne() throws Exception {
    fleet =
        new Fleet(
            directory,
            database,
            Map.of("MIGRATION_INSTANCE_TIMEOUT", "3s", "MIGRATION_AUTO_EXPAND", "true"));
    table.ask(LegacyOrders.load(ROWS));
    sleeper = fleet.serve();
    fleet.serve();
    walk = new MigrationWalk(fleet, table, 1);
    walk.toDualWrite();
    client = new Client(fleet.addresses().subList(0, 1));
    for (Reply reply : answers(post(null))) {
      assertThat(reply.status()).isEqualTo(201);
      assertThat(old(reply)).isEqualTo("PAID");
    }
  }

  @AfterEach
  void end() throws Exception {
    sleeper.signal("CONT");
    fleet.close();
  }

  @Test
  void itsWritesObeyThePhaseItWakesUpIn() throws Exception {
    sleeper.signal("STOP");
    List<CompletableFuture<Reply>> created = post(null);
    created.addAll(post("key-"));
    List<CompletableFuture<Reply>> changed = patch();
    walk.toReadNew();
    walk.toContract();
    assertThat(created).noneMatch(CompletableFuture::isDone);
    sleeper.signal("CONT");

    for (Reply reply : answers(created)) {
      assertThat(reply.status()).as(reply.body()).isEqualTo(201);
      assertThat(column("status", reply)).isEqualTo("paid");
      assertThat(old(reply)).as("phase 3 does not write the old column").isNull();
    }
    for (Reply reply : answers(changed)) {
      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(column("status", reply)).isEqualTo("returned");
      assertThat(old(reply)).isEqualTo(LegacyOrders.raw(id(reply)));
    }
    assertThat(table.count("SELECT count(*) FROM orders")).isEqualTo(ROWS + 3L * REQUESTS);
  }

  @Test
  void itServesOnAfterTheColumnHasGone() throws Exception {
    sleeper.signal("STOP");
    List<CompletableFuture<Reply>> created = post("key-");
    List<CompletableFuture<Reply>> changed = patch();
    List<CompletableFuture<Reply>> read = read();
    walk.toReadNew();
    walk.toContract();
    walk.drop();
    assertThat(created).noneMatch(CompletableFuture::isDone);
    sleeper.signal("CONT");

    for (Reply reply : answers(created)) {
      assertThat(reply.status()).as(reply.body()).isEqualTo(201);
      assertThat(column("status", reply)).isEqualTo("paid");
    }
    for (Reply reply : answers(changed)) {
      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(column("status", reply)).isEqualTo("returned");
    }
    assertThat(answers(read)).allSatisfy(r -> assertThat(r.status()).as(r.body()).isEqualTo(200));
    assertThat(client.get("/orders/1/shadow").status()).isEqualTo(409);
  }

  private List<CompletableFuture<Reply>> post(String keys) {
    List<CompletableFuture<Reply>> sent = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      String body = "{\"userId\":7,\"amount\":1,\"status\":\"paid\"}";
      sent.addAll(client.writeEverywhere("POST", "/orders", body, keys == null ? null : keys + i));
    }
    return sent;
  }

  private List<CompletableFuture<Reply>> patch() {
    List<CompletableFuture<Reply>> sent = new ArrayList<>();
    for (int id = 1; id <= REQUESTS; id++) {
      String key = id % 2 == 0 ? null : "patch-" + id;
      sent.addAll(
          client.writeEverywhere("PATCH", "/orders/" + id, "{\"status\":\"returned\"}", key));
    }
    return sent;
  }

  private List<CompletableFuture<Reply>> read() {
    List<CompletableFuture<Reply>> sent = new ArrayList<>();
    for (int id = 101; id <= 100 + REQUESTS; id++) {
      sent.add(client.getAsync("/orders/" + id));
      sent.add(client.getAsync("/orders?status=paid&after=" + id));
    }
    return sent;
  }

  private static List<Reply> answers(List<CompletableFuture<Reply>> sent) {
    return sent.stream().map(CompletableFuture::join).toList();
  }

  private String old(Reply reply) throws Exception {
    return column("old_status", reply);
  }

  private String column(String column, Reply reply) throws Exception {
    return table.ask("SELECT %s FROM orders WHERE id = %d".formatted(column, id(reply)));
  }

  private static long id(Reply reply) throws Exception {
    return JSON.readTree(reply.body()).get("id").asLong();
  }
}
