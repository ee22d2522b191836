package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two instances share a Redis that is killed, paused, flushed, full, restored from an old dump and
 * filled with garbage while clients write, and send writes again. No client notices, and the ledger
 * of all acknowledged writes agrees with the table.
 */
@RequiresRedis
class RedisIT {
  private static final int ROWS = 2000;
  private static final Pattern HITS =
      Pattern.compile("orders_replay_lookups_total\\{result=\"hit\"} (\\S+)");

  /** A value in the place of every entry, of the type that is asked for or of another one. */
  private static final String GARBAGE =
      """
      for i, name in ipairs(redis.call('KEYS', 'zerodowntime:*')) do
        if i % 2 == 0 then redis.call('SET', name, '{"id":666}')
        else redis.call('DEL', name) redis.call('LPUSH', name, 'x') end
      end
      """;

  @TempDir Path directory;

  @Test
  void noFaultOfRedisChangesAnAnswer() throws Exception {
    TestDatabase database = EngineSchema.copy(RedisIT.class);
    OrdersTable table = new OrdersTable(database);
    Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
    try (RedisServer redis = new RedisServer(RedisServer.freePort());
        Fleet fleet =
            new Fleet(
                directory, database, Map.of("REDIS_URL", "redis://127.0.0.1:" + redis.port()))) {
      table.ask(LegacyOrders.load(ROWS));
      List<ServiceProcess> instances = List.of(fleet.serve(), fleet.serve());
      try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("before")) {
        awaitHits(instances, fleet);
        Path kept = keptDump(redis);
        stage(traffic, ledger, "killed");
        redis.kill();
        goOn(ledger);
        redis.start();
        stage(traffic, ledger, "paused");
        redis.signal("STOP");
        goOn(ledger);
        redis.signal("CONT");
        stage(traffic, ledger, "flushed");
        redis.run("FLUSHALL");
        stage(traffic, ledger, "full");
        redis.run("CONFIG", "SET", "maxmemory", "1");
        goOn(ledger);
        redis.run("CONFIG", "SET", "maxmemory", "0");
        stage(traffic, ledger, "garbage");
        redis.run("EVAL", GARBAGE, "0");
        stage(traffic, ledger, "restored");
        redis.kill();
        Files.copy(
            kept, redis.directory().resolve("dump.rdb"), StandardCopyOption.REPLACE_EXISTING);
        redis.start();
        stage(traffic, ledger, "after");
        awaitHits(instances, fleet);
        traffic.close();
        traffic.summary().forEach(System.out::println);
        System.out.println(hits(instances) + " repeated writes were answered from Redis");
        assertThat(traffic.failures().first()).as(fleet.output()).isEmpty();
      }
      assertThat(ledger.complaintsAboutUnknown()).isEmpty();
      assertThat(table.compare(ledger, "lower(old_status)")).isEmpty();
    }
  }

  private static void stage(Traffic traffic, Ledger ledger, String name) {
    goOn(ledger);
    traffic.stage(name);
  }

  private static void goOn(Ledger ledger) {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }

  private static Path keptDump(RedisServer redis) throws IOException {
    redis.run("SAVE");
    Path dump = redis.directory().resolve("dump.rdb");
    return Files.move(dump, redis.directory().resolve("kept.rdb"));
  }

  private static void awaitHits(List<ServiceProcess> instances, Fleet fleet) throws Exception {
    double before = hits(instances);
    await()
        .untilAsserted(() -> assertThat(hits(instances)).as(fleet.output()).isGreaterThan(before));
  }

  private static double hits(List<ServiceProcess> instances)
      throws IOException, InterruptedException {
    double hits = 0;
    for (ServiceProcess each : instances) {
      hits +=
          HITS.matcher(each.ask("/q/metrics").body())
              .results()
              .map((MatchResult found) -> found.group(1))
              .mapToDouble(Double::parseDouble)
              .sum();
    }
    return hits;
  }
}
