package io.zerodowntime.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that cost and bring nothing. */
@QuarkusTest
@TestProfile(ConnectionLimitsTest.Few.class)
@Timeout(120)
class ConnectionLimitsTest {

  @Test
  void closesAConnectionWhoseHeadComesByteByByte() throws Exception {
    try (RawHttp client = new RawHttp()) {
      client.send("GET /health HTTP/1.1\r\n");
      String end = client.rest(50);
      for (int header = 0; !end.endsWith("<closed>"); header++) {
        end = trickle(client, header);
      }
      assertThat(end).isEqualTo("<closed>");
    }
  }

  private static String trickle(RawHttp client, int header) {
    try {
      return client.send("x" + header + ": y\r\n").rest(50);
    } catch (IOException reset) {
      return "<closed>";
    }
  }

  @Test
  void closesWhatComesBeyondTheLimit() throws Exception {
    List<RawHttp> open = new ArrayList<>();
    int served = 0;
    try {
      for (int client = 0; client < 60; client++) {
        open.add(new RawHttp());
        served += isServed(open.get(client)) ? 1 : 0;
      }
      assertThat(served).isBetween(20, 59);
    } finally {
      for (RawHttp each : open) {
        each.close();
      }
    }
  }

  private static boolean isServed(RawHttp client) {
    try {
      return client
          .send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
          .answer()
          .startsWith("HTTP/1.1 200 ");
    } catch (IOException closed) {
      return false;
    }
  }

  /** Twenty connections, and two seconds for each. */
  public static final class Few extends EngineProfile {
    private final Map<String, String> settings = new HashMap<>(super.getConfigOverrides());

    public Few() {
      super("quarkus.http.limits.max-connections", "20");
      settings.put("quarkus.http.idle-timeout", "2s");
      settings.put("request.deadline", "500ms");
    }

    @Override
    public Map<String, String> getConfigOverrides() {
      return settings;
    }
  }
}
