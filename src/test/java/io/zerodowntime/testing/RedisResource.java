package io.zerodowntime.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** A Redis for a test of the whole service, which finds it as a field of this type. */
public final class RedisResource implements QuarkusTestResourceLifecycleManager {
  private RedisServer server;

  @Override
  public Map<String, String> start() {
    int port = RedisServer.freePort();
    if (RedisServer.isInstalled()) {
      server = new RedisServer(port);
    }
    return Map.of("REDIS_URL", "redis://127.0.0.1:" + port + "/0");
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(server, new TestInjector.MatchesType(RedisServer.class));
  }

  @Override
  public void stop() {
    if (server != null) {
      server.close();
    }
  }
}
