package io.zerodowntime.migration.schema;

import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.EngineResource;
import java.util.List;

/**
 * The service as the role that owns its tables, with the least rights. Schema changes are given up
 * after two seconds, which a request waits for.
 */
public final class OwnerProfile extends EngineProfile {
  public OwnerProfile() {
    super("migration.schema.retry-time", "2s", "request.deadline", "60s");
  }

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(new TestResourceEntry(EngineResource.class, EngineResource.OWNER));
  }
}
