package io.zerodowntime.scenario;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Speaks to all instances in turn, over connections that are kept. */
final class Client {
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private volatile List<URI> instances;
  private final AtomicInteger turn = new AtomicInteger();
  private volatile Latencies latencies = new Latencies("");

  Client(List<URI> instances) {
    this.instances = List.copyOf(instances);
  }

  /** Sends nothing more to an instance, as a balancer that sees it is not ready. */
  void leave(URI instance) {
    instances = instances.stream().filter(other -> !other.equals(instance)).toList();
  }

  /** From now on the times of requests are noted here. */
  void noteIn(Latencies latencies) {
    this.latencies = latencies;
  }

  Reply get(String path) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder().GET(), path, null);
  }

  CompletableFuture<Reply> getAsync(String path) {
    return sendAsync(HttpRequest.newBuilder().GET(), path, null, next(), 1);
  }

  /**
   * @param key the Idempotency-Key; null for none
   */
  Reply write(String method, String path, String body, String key)
      throws IOException, InterruptedException {
    return send(writing(method, body), path, key);
  }

  /** The same write to all instances at the same moment. */
  List<CompletableFuture<Reply>> writeEverywhere(
      String method, String path, String body, String key) {
    return instances.stream()
        .map(instance -> sendAsync(writing(method, body), path, key, instance, instances.size()))
        .toList();
  }

  private CompletableFuture<Reply> sendAsync(
      HttpRequest.Builder request, String path, String key, URI instance, int left) {
    return http.sendAsync(
            request(request, instance, path, key), HttpResponse.BodyHandlers.ofString())
        .thenApply(Client::reply)
        .exceptionallyCompose(
            failure ->
                left > 1 && failure.getCause() instanceof ConnectException
                    ? sendAsync(request, path, key, next(), left - 1)
                    : CompletableFuture.failedFuture(failure));
  }

  private URI next() {
    List<URI> now = instances;
    return now.get(Math.floorMod(turn.getAndIncrement(), now.size()));
  }

  private static HttpRequest.Builder writing(String method, String body) {
    return HttpRequest.newBuilder()
        .method(method, HttpRequest.BodyPublishers.ofString(body))
        .header("Content-Type", "application/json");
  }

  // an instance that takes no connections was sent nothing: the next one is asked
  private Reply send(HttpRequest.Builder request, String path, String key)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    for (int left = instances.size(); ; left--) {
      try {
        HttpResponse<String> answer =
            http.send(request(request, next(), path, key), HttpResponse.BodyHandlers.ofString());
        latencies.note(System.nanoTime() - began);
        return reply(answer);
      } catch (ConnectException refused) {
        if (left == 1) {
          throw refused;
        }
      }
    }
  }

  private static HttpRequest request(
      HttpRequest.Builder request, URI instance, String path, String key) {
    HttpRequest.Builder copy = request.copy().uri(instance.resolve(path)).timeout(TIMEOUT);
    return (key == null ? copy : copy.header("Idempotency-Key", key)).build();
  }

  private static Reply reply(HttpResponse<String> answer) {
    return new Reply(
        answer.statusCode(),
        answer.body(),
        answer.headers().firstValue("Idempotent-Replayed").isPresent());
  }

  /** What came back. */
  record Reply(int status, String body, boolean replayed) {
    boolean outcomeUnknown() {
      return status == 503 && body.contains("urn:problem:outcome-unknown");
    }
  }
}
