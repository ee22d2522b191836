package io.zerodowntime.testing;

/**
 * Schema changes are given up after two seconds, which a request waits for, and no comparison keeps
 * a snapshot.
 */
public final class ShortLimitsProfile extends EngineProfile {
  public ShortLimitsProfile() {
    super(
        "migration.schema.retry-time",
        "2s",
        "request.deadline",
        "60s",
        "migration.backfill.snapshot-limit",
        "0s");
  }
}
