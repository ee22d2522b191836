package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.plan.MigrationPlan;
import io.zerodowntime.migration.plan.PlanFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/adopting.md shows of a plan is what the plan of that table says. */
@OnSchemaServer
class PlanGuideTest {
  private static final Path GUIDE = Path.of("docs/adopting.md");
  private static final Pattern REPORT =
      Pattern.compile("<!-- plan: report -->\n```\n(.*?)```\n", Pattern.DOTALL);
  private static final Pattern FILE =
      Pattern.compile("<!-- plan: (\\S+\\.sql) -->\n```sql\n(.*?)```\n", Pattern.DOTALL);

  private static final Migration DOCUMENTS =
      new Migration(
          "document-kind",
          "document",
          List.of("id"),
          List.of(ComputedColumn.of("old_kind", "upper(kind)")),
          List.of(ComputedColumn.of("kind", "lower(old_kind)")),
          List.of("document_kind_idx"),
          List.of("document_old_kind_idx"),
          Migration.Options.NONE);

  @Test
  void theGuideShowsThePlan() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    database.run(
        "CREATE TABLE document (id uuid NOT NULL, title text NOT NULL, old_kind text NOT NULL)",
        "INSERT INTO document SELECT gen_random_uuid(), 'Title of a document', 'INVOICE'"
            + " FROM generate_series(1, 1000000)",
        "ALTER TABLE document ADD PRIMARY KEY (id)",
        "CREATE INDEX document_old_kind_idx ON document (lower(old_kind), id)",
        "ANALYZE document",
        "ALTER TABLE document OWNER TO " + database.owner());
    MigrationPlan plan = PlannedChangelog.plan(database, DOCUMENTS);
    String guide = Files.readString(GUIDE);
    Matcher report = REPORT.matcher(guide);
    assertThat(report.find()).isTrue();
    assertThat(report.group(1)).isEqualTo(plan.report());
    Matcher file = FILE.matcher(guide);
    assertThat(file.find()).isTrue();
    assertThat(plan.files())
        .filteredOn(each -> each.name().equals(file.group(1)))
        .map(PlanFile::text)
        .containsExactly(file.group(2));
    plan.files().forEach(each -> assertThat(guide).contains(each.name()));
  }
}
