package io.zerodowntime.scenario;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Java's own client with many streams at once on one HTTP/2 connection, until it is closed. */
final class JavaHttp2Client implements AutoCloseable {
  private static final int STREAMS = 24;
  private static final String ORDER = "{\"userId\":7,\"amount\":1}";

  private final ExecutorService threads = Executors.newFixedThreadPool(STREAMS);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
  private final URI orders;
  private final AtomicInteger answered = new AtomicInteger();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private volatile boolean leaves;

  JavaHttp2Client(URI address) throws IOException, InterruptedException {
    orders = address.resolve("/orders");
    HttpResponse<String> first = ask(HttpRequest.newBuilder(orders).build());
    if (first.version() != HttpClient.Version.HTTP_2) {
      throw new IllegalStateException("the connection speaks " + first.version());
    }
    for (int stream = 0; stream < STREAMS; stream++) {
      boolean writes = stream % 2 == 0;
      threads.execute(() -> repeat(writes));
    }
  }

  private void repeat(boolean writes) {
    while (!leaves) {
      try {
        HttpRequest.Builder request =
            HttpRequest.newBuilder(orders)
                .timeout(Duration.ofMinutes(1))
                .header("Content-Type", "application/json");
        HttpResponse<String> answer =
            ask((writes ? request.POST(BodyPublishers.ofString(ORDER)) : request.GET()).build());
        if (answer.statusCode() != (writes ? 201 : 200)) {
          failures.add(answer.statusCode() + " " + answer.body());
        }
        answered.incrementAndGet();
      } catch (IOException e) {
        failures.add((writes ? "POST " : "GET ") + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private HttpResponse<String> ask(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, BodyHandlers.ofString());
  }

  int answered() {
    return answered.get();
  }

  /** What went wrong so far, in the words of the client. */
  List<String> failures() {
    return failures;
  }

  /** Sends nothing new, and waits for what is in flight. */
  @Override
  public void close() throws InterruptedException {
    leaves = true;
    threads.shutdown();
    if (!threads.awaitTermination(2, TimeUnit.MINUTES)) {
      failures.add("not every stream was answered");
      threads.shutdownNow();
    }
  }
}
