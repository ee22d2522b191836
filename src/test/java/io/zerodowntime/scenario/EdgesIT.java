package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.scenario.EdgeAnswers.Outage;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole migration forward with everything on, while each edge fails once under load and comes
 * back. What clients saw is written to {@code target/edges.md}. With {@code -Dedges.long}, beside
 * {@code -Dedges}, there are more rows, longer faults, and the default deadline.
 */
@EnabledIfSystemProperty(
    named = "edges",
    matches = ".*",
    disabledReason = "two minutes of faults: -Dedges runs it")
@RequiresRedis
@Tag("protocol")
@Tag("alone")
class EdgesIT {
  private static final boolean LONG = !System.getProperty("edges.long", "false").equals("false");
  private static final int ROWS = LONG ? 30_000 : 10_000;
  private static final Duration DEADLINE = Duration.ofSeconds(LONG ? 5 : 2);
  private static final Duration LASTING = Duration.ofSeconds(LONG ? 15 : 1);
  private static final Duration LIMIT = DEADLINE.plus(Timeouts.ANSWER_MARGIN);
  private static final int CLIENTS = 4;
  private static final String NO_REDIS =
      "redis_command_seconds_count\\{.*result=\"(not_sent|not_connected|timeout)\".*}";
  private static final String HITS = "orders_replay_lookups_total\\{result=\"hit\"}";

  @TempDir Path directory;

  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
  private final EdgeAnswers answers = new EdgeAnswers();
  private final Failures failures = new Failures();
  private final PacedThreads threads = new PacedThreads(failures);
  private final List<EdgeClient> clients = new ArrayList<>();
  private final EdgeTable seen = new EdgeTable();
  private EdgeInstallation edges;
  private Operator operator;
  private Outage outage;

  @BeforeEach
  void start() throws Exception {
    edges = new EdgeInstallation(directory, DEADLINE, ROWS);
    operator = edges.operator();
    for (int number = 0; number < CLIENTS; number++) {
      EdgeHttp http = new EdgeHttp(edges.fleet().addresses(), LIMIT, answers);
      clients.add(new EdgeClient(number, CLIENTS, http, ledger, failures));
      threads.run("client-" + number, clients.get(number));
    }
  }

  @AfterEach
  void end() throws Exception {
    threads.close();
    if (edges != null) {
      edges.close();
    }
  }

  @Test
  void everyEdgeFailsOnceAndNoAnswerIsWrong() throws Exception {
    MigrationWalk walk = new MigrationWalk(edges.fleet().flags(), edges.table()::phase, operator);
    awaitBack(System.nanoTime());
    redisIsKilled();
    walk.toDualWrite();
    redisIsStopped();
    issuerIsStopped();
    replicaIsStopped();
    replicaIsKilled();
    poolerIsKilled();
    primaryIsRestarted();
    walk.awaitCleanParity();
    edges.fleet().flags().edit(2);
    walk.awaitPhase("2");
    receiverIsClosed();
    instanceIsKilled();
    walk.toContract();
    walk.drop();
    awaitBack(System.nanoTime());
    threads.close();
    for (EdgeClient client : clients) {
      await().until(client::isSettled);
    }
    seen.write();
    judge();
  }

  private void judge() throws Exception {
    System.out.printf(
        "%d acknowledged writes, %d creations of unknown outcome%n",
        ledger.acknowledgedWrites(), ledger.uncertainCreations());
    OrdersTable table = edges.table();
    String output = edges.fleet().output();
    assertThat(failures.first()).as(output).isEmpty();
    assertThat(answers.wrong(LIMIT, outage)).as(output).isEmpty();
    assertThat(table.compare(ledger, "status")).isEmpty();
    assertThat(table.ask("SELECT count(*) FROM parity_mismatch")).isEqualTo("0");
    assertThat(new Queries(table.database()).steps(OrdersTable.MIGRATION)).isEqualTo("01 12 23 33");
    assertThat(output).as("stack traces").doesNotContain("\"exception\":{", "\n\tat ");
  }

  private void redisIsKilled() throws Exception {
    edge("Redis", "SIGKILL", edges.redis()::kill, edges.grows(NO_REDIS), edges.redis()::start);
    await().until(edges.grows(HITS));
  }

  private void redisIsStopped() throws Exception {
    edge(
        "Redis",
        "SIGSTOP",
        () -> edges.redis().signal("STOP"),
        edges.grows(NO_REDIS),
        () -> edges.redis().signal("CONT"));
    await().until(edges.grows(HITS));
  }

  /** An operator whose token has a known key starts the backfill meanwhile. */
  private void issuerIsStopped() throws Exception {
    assertThat(operator.status().at("/effective/phase").asInt()).isEqualTo(1);
    edge(
        "issuer of tokens",
        "refuses connections",
        () -> {
          edges.issuer().stop();
          assertThat(operator.post("backfill").statusCode()).isEqualTo(202);
        },
        () -> true,
        edges.issuer()::startAgain);
  }

  private void replicaIsStopped() throws Exception {
    PostgresServer replica = edges.servers().replica(1);
    edge("replica", "SIGSTOP", replica::freeze, () -> inRotation(0), replica::thaw);
    awaitReplica();
  }

  private void replicaIsKilled() throws Exception {
    PostgresServer replica = edges.servers().replica(1);
    edge("replica", "killed", replica::kill, () -> inRotation(0), replica::start);
    awaitReplica();
  }

  private void awaitReplica() throws Exception {
    await().until(() -> inRotation(1));
    await().until(edges.grows("database_replica_reads_total\\{.*reason=\"caught_up\".*}"));
  }

  private boolean inRotation(int count) throws Exception {
    return edges.values("database_replica_in_rotation\\{.*}").stream()
        .allMatch(each -> each == count);
  }

  private void poolerIsKilled() throws Exception {
    assertThat(edges.table().ask("SELECT state FROM backfill_run ORDER BY id LIMIT 1"))
        .as("it is in the middle of it")
        .isEqualTo("running");
    long began = System.nanoTime();
    edge(
        "PgBouncer",
        "SIGKILL",
        edges.pooler()::kill,
        () -> answers.failedSince(began),
        edges.pooler()::startAgain);
  }

  private void primaryIsRestarted() throws Exception {
    PostgresServer primary = edges.servers().primary();
    edge("primary", "restart (-m fast)", () -> primary.stop("INT"), () -> true, primary::start);
    awaitReplica();
  }

  private void receiverIsClosed() throws Exception {
    edge(
        "receiver of traces",
        "refuses connections",
        edges.receiver()::close,
        edges.grows("tracing_spans_dropped_total\\{.*}"),
        edges::replaceReceiver);
    await().until(edges.grows("tracing_spans_exported_total"));
    assertThat(edges.receiver().spans(span -> true)).isNotEmpty();
  }

  private void instanceIsKilled() throws Exception {
    long began = System.nanoTime();
    edge("one of two instances", "SIGKILL", edges::killInstance, () -> true, edges::startInstance);
    outage = new Outage(edges.fleet().addresses().get(1), began, System.nanoTime());
  }

  private interface Step {
    void take() throws Exception;
  }

  /**
   * One fault of one edge, until every call succeeds again.
   *
   * @param noted whether it had its effect
   */
  private void edge(String edge, String fault, Step begin, Callable<Boolean> noted, Step end)
      throws Exception {
    long began = System.nanoTime();
    try {
      begin.take();
      await().until(() -> System.nanoTime() - began > LASTING.toNanos() && noted.call());
    } finally {
      end.take();
    }
    long ended = System.nanoTime();
    Duration back = awaitBack(ended);
    Duration lasted = Duration.ofNanos(ended - began);
    seen.add(edge, fault, lasted, answers.between(began, ended), back);
  }

  private Duration awaitBack(long since) {
    return await().until(() -> answers.back(since), Optional::isPresent).orElseThrow();
  }
}
