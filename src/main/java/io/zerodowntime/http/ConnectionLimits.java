package io.zerodowntime.http;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Closes a connection on which nothing was answered for too long. The idle timeout alone is reset
 * by every byte of a client, so one that sends a head byte by byte would keep its connection.
 */
@Singleton
class ConnectionLimits implements HttpServerOptionsCustomizer {
  private final Duration idle;
  private final Duration deadline;

  ConnectionLimits(
      @ConfigProperty(name = "quarkus.http.idle-timeout") Duration idle,
      @ConfigProperty(name = "request.deadline") Duration deadline) {
    this.idle = idle;
    this.deadline = deadline;
  }

  @Override
  public void customizeHttpServer(HttpServerOptions options) {
    options
        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
        .setIdleTimeout((int) idle.toMillis())
        .setWriteIdleTimeout((int) idle.plus(deadline).toMillis());
  }
}
