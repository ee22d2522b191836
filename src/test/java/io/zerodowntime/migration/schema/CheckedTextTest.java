package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.parity.MismatchSource;
import io.zerodowntime.migration.phase.HistoryKind;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Each text of an enum that a column keeps is one that the column's constraint allows, and back.
 */
@OnSchemaServer
class CheckedTextTest {
  private static final Pattern TEXT = Pattern.compile("'([^']*)'");

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();

  @Test
  void theDatabaseAllowsWhatTheEnumsSay() {
    same("migration_history_kind_check", HistoryKind.values(), HistoryKind::label);
    same("backfill_run_kind_check", RunKind.values(), RunKind::label);
    same("backfill_run_state_check", RunState.values(), RunState::label);
    same("parity_mismatch_source_check", MismatchSource.values(), MismatchSource::label);
  }

  private <E> void same(String constraint, E[] values, Function<E, String> label) {
    String check =
        database.one(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '%s'"
                .formatted(constraint));
    assertThat(TEXT.matcher(check).results().map(found -> found.group(1)))
        .as(constraint)
        .containsExactlyInAnyOrderElementsOf(Stream.of(values).map(label).toList());
  }
}
