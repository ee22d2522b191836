package io.zerodowntime.app;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * A run whose only use is the classes that it loads: the JVM is told to keep them in an archive for
 * later starts. It has no database, sends itself one request of each kind, and ends.
 */
@Singleton
class AotTraining {
  private static final String ORDER = "{\"userId\":1,\"amount\":1.50,\"status\":\"paid\"}";
  private static final List<String> PATHS =
      List.of("/health", "/orders/1", "/orders", "/migrations");
  private static final List<String> MANAGEMENT = List.of("/q/health/ready", "/q/metrics");

  private static final long LISTENS = 1000;
  private static final long TIMEOUT = 30_000;

  private final Vertx vertx;
  private final boolean training;
  private final int port;
  private final int managementPort;

  AotTraining(
      Vertx vertx,
      @ConfigProperty(name = Bootstrap.TRAINING, defaultValue = "false") boolean training,
      @ConfigProperty(name = "quarkus.http.port") int port,
      @ConfigProperty(name = "quarkus.management.enabled", defaultValue = "false")
          boolean management,
      @ConfigProperty(name = "quarkus.management.port", defaultValue = "9000") int managementPort) {
    this.vertx = vertx;
    this.training = training;
    this.port = port;
    this.managementPort = management ? managementPort : port;
  }

  void train(@Observes StartupEvent started) {
    if (training) {
      vertx.setTimer(LISTENS, timer -> ask());
      vertx.setTimer(TIMEOUT, timer -> Quarkus.asyncExit(0));
    }
  }

  // without a database most of them fail, each in its own way
  private void ask() {
    HttpClient client = vertx.createHttpClient();
    List<Future<HttpClientResponse>> answers =
        Stream.of(
                PATHS.stream().map(path -> ask(client, port, HttpMethod.GET, path)),
                MANAGEMENT.stream().map(path -> ask(client, managementPort, HttpMethod.GET, path)),
                Stream.of(ask(client, port, HttpMethod.POST, "/orders")))
            .flatMap(each -> each)
            .toList();
    Future.join(answers).onComplete(all -> Quarkus.asyncExit(0));
  }

  private static Future<HttpClientResponse> ask(
      HttpClient client, int port, HttpMethod method, String path) {
    return client
        .request(method, port, "localhost", path)
        .map(request -> request.putHeader("Content-Type", "application/json"))
        .compose(request -> method.equals(HttpMethod.GET) ? request.send() : request.send(ORDER));
  }
}
