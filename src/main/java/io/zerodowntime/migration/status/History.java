package io.zerodowntime.migration.status;

import com.fasterxml.jackson.annotation.JsonRawValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Migration;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** Every step that was taken, the drop, and what operators did. */
@ApplicationScoped
public class History {
  private static final int LIMIT = 500;

  private static final String ENTRIES =
      """
      SELECT id, kind, epoch, from_phase, to_phase, at, instance, subject, action, reason,
        evidence::text
      FROM migration_history WHERE migration = $1 AND id < $2 ORDER BY id DESC LIMIT $3
      """;

  private static final String COLUMNS = "SELECT subject, action FROM migration_history LIMIT 0";

  private final Pool pool;

  History(@Identifier(DatabasePools.CONTROL) Pool pool) {
    this.pool = pool;
  }

  private static Entry entry(Row row) {
    return new Entry(
        row.getLong("id"),
        row.getString("kind"),
        row.getLong("epoch"),
        row.getInteger("from_phase"),
        row.getInteger("to_phase"),
        row.getOffsetDateTime("at"),
        row.getString("instance"),
        row.getString("subject"),
        row.getString("action"),
        row.getString("reason"),
        row.getString("evidence"));
  }

  /** Fails if the table has not the columns that this version writes. */
  public Uni<Void> check() {
    return pool.query(COLUMNS).execute().replaceWithVoid();
  }

  /** The last 500 entries whose id is smaller than this one, the newest first. */
  public Uni<List<Entry>> of(Migration migration, long before) {
    return pool.preparedQuery(ENTRIES)
        .execute(Tuple.of(migration.name(), before, LIMIT))
        .map(rows -> rows.stream().map(History::entry).toList());
  }

  /**
   * A step, the drop, or what an operator did.
   *
   * @param kind {@code step}, {@code contract}, {@code action}, or what a later version wrote
   * @param subject who asked for it; null for a step, which every live instance asked for
   * @param action what was asked for; null for a step
   * @param evidence JSON: what the gates found, the certificate, or how the operator was known and
   *     the parameters
   */
  @RegisterForReflection
  public record Entry(
      long id,
      String kind,
      long epoch,
      int fromPhase,
      int toPhase,
      OffsetDateTime at,
      String instance,
      @Schema(nullable = true) @Nullable String subject,
      @Schema(nullable = true) @Nullable String action,
      String reason,
      @Schema(type = SchemaType.OBJECT) @JsonRawValue String evidence) {}
}
