package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.backfill.KeyRanges.Range;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that a key whose first column has few values is cut into balanced ranges. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class LeadingColumnsTest {
  private static final Migration TENANTS =
      OneToOne.migration(
          "tenants",
          "tenants",
          List.of("tenant", "id"),
          "old_kind",
          "kind",
          "lower(old_kind)",
          "upper(kind)");

  @Inject EngineDatabase database;
  @Inject Pool pool;

  /** 18,000 of 20,000 rows are one tenant's, and 100 others have 20 each. */
  private void create(String tenantType, String tenant) {
    database.run(
        "CREATE TABLE tenants (tenant %s, id uuid DEFAULT gen_random_uuid(), old_kind text,"
                .formatted(tenantType)
            + " kind text, PRIMARY KEY (tenant, id)) WITH (autovacuum_enabled = false)");
    database.run(
        "INSERT INTO tenants (tenant) SELECT %s FROM generate_series(1, 20000) AS n"
            .formatted(tenant.formatted("CASE WHEN n <= 18000 THEN 50 ELSE n % 100 END")));
  }

  @AfterEach
  void drop() {
    database.run("DROP TABLE tenants");
  }

  private KeySql key() {
    return Engine.await(KeySql.of(pool, TENANTS, TENANTS.key()));
  }

  private List<Range> byStatistics(int count) {
    List<String> bounds = Engine.await(KeyRanges.byLeadingColumns(pool, key(), count));
    return bounds.isEmpty() ? List.of() : KeyRanges.between(bounds);
  }

  private String isIn(Range range) {
    return "("
        + range.after().map(after -> key(after, ">")).orElse(key(range.low(), ">="))
        + " AND "
        + key(range.high(), "<=")
        + ")";
  }

  private String key(String bound, String operator) {
    String type = database.one("SELECT pg_typeof(tenant) FROM tenants LIMIT 1");
    return "(tenant, id) %s (('%s'::text[])[1]::%s, ('%2$s'::text[])[2]::uuid)"
        .formatted(operator, bound.replace("'", "''"), type);
  }

  private List<Long> rows(List<Range> ranges) {
    return ranges.stream()
        .map(range -> database.number("SELECT count(*) FROM tenants WHERE " + isIn(range)))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {"integer, 4, %s", "integer, 64, %s", "text, 16, 'tenant ''{' || (%s)"})
  void theTenantOfNearlyAllRowsIsCutToo(String type, int count, String tenant) {
    create(type, tenant);
    database.run("ANALYZE tenants");
    for (List<Range> ranges :
        List.of(byStatistics(count), Engine.await(KeyRanges.cut(pool, key(), count)))) {
      assertThat(ranges).hasSizeBetween(count / 2 + 1, count);
      List<Long> rows = rows(ranges);
      assertThat(rows.stream().mapToLong(Long::longValue).sum()).isEqualTo(20_000);
      assertThat(Collections.max(rows)).isLessThan(4 * 20_000 / count);
    }
  }

  @Test
  void withoutStatisticsTheSampleDecides() {
    create("integer", "%s");
    assertThat(byStatistics(16)).hasSize(1);
    assertThat(Engine.await(KeyRanges.cut(pool, key(), 16))).hasSizeGreaterThan(8);
  }
}
