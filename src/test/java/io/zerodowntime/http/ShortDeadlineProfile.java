package io.zerodowntime.http;

import io.zerodowntime.testing.EngineProfile;

/** Half a second for each request: a body that does not arrive is not waited for long. */
public final class ShortDeadlineProfile extends EngineProfile {
  public ShortDeadlineProfile() {
    super("request.deadline", "500ms");
  }
}
