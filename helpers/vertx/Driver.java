import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** The writer of the conformance suite (helpers/README.md): commands in lines of words, an answer each. */
public final class Driver {
  private static final List<String> CREATE = List.of(
      insert("old_status", "upper($1)"),
      insert("old_status, status", "upper($1), $1"),
      insert("old_status, status", "upper($1), $1"),
      insert("status", "$1"));
  private static final List<String> CHANGE = List.of(
      update("old_status = upper($1)"),
      update("old_status = upper($1), status = $1"),
      update("old_status = upper($1), status = $1"),
      update("status = $1"));
  private static final List<String> READ =
      List.of(find("lower(old_status)"), find("lower(old_status)"), find("status"), find("status"));

  private final Fence fence = new Fence("shop-order-status");
  private final Pool pool = PgBuilder.pool()
      .with(new PoolOptions().setMaxSize(2))
      .connectingTo(PgConnectOptions.fromUri(System.getenv("DATABASE_URL")))
      .using(Vertx.vertx())
      .build();
  private SqlConnection transaction; // the connection of an open one

  private static String insert(String columns, String values) {
    return "INSERT INTO shop_orders (user_id, amount, " + columns + ") SELECT 7, 12.5, " + values
        + " FROM fence RETURNING id";
  }

  private static String update(String columns) {
    return "UPDATE shop_orders SET " + columns + " FROM fence WHERE id = $2 RETURNING id";
  }

  private static String find(String status) {
    return "SELECT " + status + " AS status FROM shop_orders, fence WHERE id = $1";
  }

  private SqlClient session() {
    return transaction == null ? pool : transaction;
  }

  private Future<String> first(String column, List<String> variants, Object... values) {
    return fence.send(session(), variants, Tuple.from(values)).map(rows -> value(column, rows));
  }

  private static String value(String column, List<Row> rows) {
    return rows.isEmpty() ? "none" : "ok " + rows.get(0).getValue(column);
  }

  private Future<String> run(String command, List<String> words) {
    return switch (command) {
      case "create" -> first("id", CREATE, words.get(0));
      case "change" -> first("id", CHANGE, words.get(1), Long.valueOf(words.get(0)));
      case "read" -> first("status", READ, Long.valueOf(words.get(0)));
      case "heartbeat" ->
          fence.heartbeat(session(), words.get(0), Integer.parseInt(words.get(1))).map("ok " + words.get(0));
      case "begin" -> begin(String.join(" ", words));
      case "commit", "rollback" -> end(command);
      default -> Future.failedFuture("unknown: " + command);
    };
  }

  private Future<String> begin(String level) {
    return pool.getConnection().compose(connection -> {
      transaction = connection;
      return connection.query("BEGIN ISOLATION LEVEL " + level).execute().map("ok " + level);
    });
  }

  private Future<String> end(String command) {
    SqlConnection ended = transaction;
    transaction = null;
    return ended.query(command).execute().onComplete(done -> ended.close()).map("ok " + command);
  }

  private String answer(List<String> words) throws Exception {
    try {
      return run(words.get(0), words.subList(1, words.size()))
          .toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return "error " + String.valueOf(e.getCause().getMessage()).replace('\n', ' ');
    }
  }

  public static void main(String[] arguments) throws Exception {
    Driver driver = new Driver();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(driver.answer(Arrays.asList(line.split(" "))));
      System.out.flush();
    }
    System.exit(0);
  }
}
