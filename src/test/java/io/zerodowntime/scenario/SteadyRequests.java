package io.zerodowntime.scenario;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Clients that write, change, list and read orders all the time, whatever they are answered. */
final class SteadyRequests implements AutoCloseable {
  private static final int CLIENTS = 4;
  private static final Duration BETWEEN = Duration.ofMillis(20);
  private static final String ORDER = "{\"userId\":1,\"amount\":1.50,\"status\":\"paid\"}";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final URI address;
  private volatile boolean stopped;

  SteadyRequests(URI address) {
    this.address = address;
    for (int client = 0; client < CLIENTS; client++) {
      int first = client;
      clients.execute(() -> run(first));
    }
  }

  private void run(int first) {
    for (long number = first; !stopped; number++) {
      send(number);
      LockSupport.parkNanos(BETWEEN.toNanos());
    }
  }

  private void send(long number) {
    HttpRequest.Builder request = HttpRequest.newBuilder().timeout(Duration.ofSeconds(30));
    long id = 1 + number % 100;
    switch ((int) (number % 5)) {
      case 0 -> request.uri(at("/orders")).POST(HttpRequest.BodyPublishers.ofString(ORDER));
      case 1 ->
          request
              .uri(at("/orders"))
              .header("Idempotency-Key", "steady-" + number / 10)
              .POST(HttpRequest.BodyPublishers.ofString(ORDER));
      case 2 ->
          request
              .uri(at("/orders/" + id))
              .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"status\":\"paid\"}"));
      case 3 -> request.uri(at("/orders?limit=5"));
      default -> request.uri(at("/orders/" + id));
    }
    request.header("Content-Type", "application/json");
    try {
      int status = http.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
      answered.incrementAndGet();
      if (status >= 500) {
        failed.incrementAndGet();
      }
    } catch (IOException e) {
      failed.incrementAndGet();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private URI at(String path) {
    return address.resolve(path);
  }

  /** How many requests were answered, whatever the status. */
  long answered() {
    return answered.get();
  }

  /** How many requests were answered with a failure of the server, or not at all. */
  long failed() {
    return failed.get();
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    clients.shutdown();
    if (!clients.awaitTermination(60, TimeUnit.SECONDS)) {
      clients.shutdownNow();
    }
  }
}
