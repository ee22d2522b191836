package io.zerodowntime.migration;

import java.util.List;

/** Migrations, for tests without an application. */
public final class TestMigrations {
  private TestMigrations() {}

  public static Migrations of(Migration... migrations) {
    return new Migrations(List.of(migrations));
  }
}
