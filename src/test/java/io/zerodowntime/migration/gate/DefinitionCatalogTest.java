package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What only the catalog tells: two names of one table, its owner, types without NULL. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class DefinitionCatalogTest {
  @Inject EngineDatabase database;
  @Inject Pool pool;
  @Inject Migrations migrations;

  private Verdict judge(Migration migration) {
    return Engine.await(new DefinitionCheck(pool, migrations).verdict(migration));
  }

  /** The program defines orders-status, of the table orders. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id | user_id | status | status",
        "id | old_status | other | old_status",
        "status | user_id | other | status"
      })
  void refusesTheLaterOfTwoThatMoveAColumn(String key, String from, String to, String column)
      throws Exception {
    database.reset();
    Migration later =
        OneToOne.migration("z", "public.orders", List.of(key), from, to, "lower(x)", "upper(x)");
    Verdict verdict = judge(later);
    assertThat(verdict.open()).isFalse();
    assertThat(verdict.reason())
        .contains(
            "public.orders is the table of orders-status too, and both name column " + column);
  }

  @Test
  void takesTheEarlierOneAndThoseOfOtherColumns() throws Exception {
    database.reset();
    assertThat(
            judge(
                    OneToOne.migration(
                        "a",
                        "public.orders",
                        List.of("id"),
                        "old_status",
                        "status",
                        "lower(old_status)",
                        "upper(status)"))
                .open())
        .isTrue();
    assertThat(
            judge(
                    OneToOne.migration(
                        "z",
                        "public.orders",
                        List.of("id"),
                        "amount",
                        "cents",
                        "(amount * 100)::bigint",
                        "cents / 100.0"))
                .reason())
        .doesNotContain("orders-status");
  }

  @Test
  void refusesTypesThatNeverAcceptNull() {
    database.run("CREATE DOMAIN word AS text NOT NULL");
    database.run("CREATE DOMAIN short_word AS word CHECK (length(VALUE) < 9)");
    database.run("CREATE TABLE judged (id int PRIMARY KEY, a text, b short_word)");
    database.run("INSERT INTO judged VALUES (1, 'x', 'x')");
    try {
      assertThat(
              judge(moving("a", new ComputedColumn("c", "a", Optional.of("short_word")))).reason())
          .startsWith("c has the type short_word, which never accepts NULL: some phase leaves");
      assertThat(judge(moving("b", ComputedColumn.of("a", "b::text"))).reason())
          .startsWith("b has the type short_word, which never accepts NULL");
      assertThat(judge(moving("a", new ComputedColumn("c", "a", Optional.of("text")))).open())
          .isTrue();
    } finally {
      database.run("DROP TABLE judged");
      database.run("DROP DOMAIN short_word, word");
    }
  }

  @Test
  void refusesTablesOfOthers() {
    database.run("CREATE TABLE judged (id int PRIMARY KEY, a text)");
    database.run("CREATE ROLE stranger_of_judged");
    try {
      DefinitionProbe.Result found =
          Engine.await(
              pool.withConnection(
                  session ->
                      session
                          .query("BEGIN; SET LOCAL ROLE stranger_of_judged")
                          .execute()
                          .chain(
                              () ->
                                  DefinitionProbe.judge(
                                      session, moving("a", ComputedColumn.of("b", "a")), List.of()))
                          .call(() -> session.query("ROLLBACK").execute())));
      assertThat(found.flaws()).containsExactly("this role does not own judged");
    } finally {
      database.run("DROP ROLE stranger_of_judged");
      database.run("DROP TABLE judged");
    }
  }

  private static Migration moving(String from, ComputedColumn to) {
    return new Migration(
        "judged",
        "judged",
        List.of("id"),
        List.of(ComputedColumn.of(from, to.name())),
        List.of(to),
        List.of(),
        List.of(),
        Migration.Options.NONE);
  }
}
