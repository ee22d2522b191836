package io.zerodowntime.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The whole service without its timers, with a receiver of traces that the test listens as. */
public class TracedProfile extends EngineProfile {
  public static final String PORT = "test.otlp.port";

  @Override
  public List<TestResourceEntry> testResources() {
    return Stream.concat(
            super.testResources().stream(), Stream.of(new TestResourceEntry(Receiver.class)))
        .toList();
  }

  /** Names the receiver before there is one. */
  public static final class Receiver implements QuarkusTestResourceLifecycleManager {
    @Override
    public Map<String, String> start() {
      try (ServerSocket socket = new ServerSocket(0)) {
        String port = String.valueOf(socket.getLocalPort());
        return Map.of(PORT, port, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:" + port);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void stop() {}
  }
}
