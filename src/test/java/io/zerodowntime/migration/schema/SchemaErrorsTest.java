package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import liquibase.exception.LiquibaseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves which failures of a schema change are worth another attempt. */
class SchemaErrorsTest {
  @ParameterizedTest
  @CsvSource({
    "55P03, true",
    "40P01, true",
    "57014, true", // may go through next time
    "08006, true",
    "57P01, true",
    "53300, true", // the database is away
    "42501, false",
    "42704, false",
    "P0001, false",
    "2BP01, false"
  })
  void saysWhetherARepetitionCanHelp(String state, boolean retryable) {
    assertThat(
            SchemaErrors.explain(
                    "schema change", new LiquibaseException(new SQLException("reason", state)))
                .retryable())
        .isEqualTo(retryable);
  }

  @Test
  void aPoolThatIsExhaustedIsTemporary() {
    assertThat(
            SchemaErrors.explain("schema change", new SQLException("Acquisition timeout"))
                .retryable())
        .isTrue();
  }
}
