package io.zerodowntime.testing;

import java.util.List;

/** The whole service without its timers, with a Redis. */
public class RedisProfile extends EngineProfile {
  public RedisProfile() {}

  protected RedisProfile(String... settings) {
    super(settings);
  }

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(
        new TestResourceEntry(EngineResource.class), new TestResourceEntry(RedisResource.class));
  }
}
