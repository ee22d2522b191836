package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.plan.PlanFile.Lock;
import io.zerodowntime.migration.plan.TableFacts.OldIndex;
import io.zerodowntime.migration.schema.SchemaStage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Writes the changelog files of one migration. */
final class Changesets {
  private static final String SEVERAL =
      """

      -- A column that your service leaves NULL at times is not to be NOT NULL: take its name out of each
      -- statement of this file, before it runs for the first time. One column has to stay.
      """;

  private final Migration migration;
  private final TableFacts facts;
  private final List<IndexForms.Form> forms;
  private final Map<String, String> values = new HashMap<>();
  private final String quote;
  private final PlanLocks locks;
  private final Optional<SyncTrigger> sync;

  /**
   * @param types of the new columns, by name
   * @param forms of the new indexes, in the order of the definition
   * @param sync the triggers, where the definition asks for them
   * @throws IllegalArgumentException if a name cannot stand in a changelog
   */
  Changesets(
      Migration migration,
      TableFacts facts,
      Map<String, String> types,
      List<IndexForms.Form> forms,
      Optional<SyncTrigger> sync) {
    this.migration = migration;
    this.facts = facts;
    this.forms = forms;
    this.locks = new PlanLocks(migration, facts);
    List<String> named = named();
    named.forEach(Changesets::requireWritable);
    this.quote =
        IntStream.iterate(0, n -> n + 1)
            .mapToObj(n -> n == 0 ? "$$" : "$zd" + n + "$")
            .filter(tag -> named.stream().noneMatch(name -> name.contains(tag)))
            .findFirst()
            .orElseThrow();
    values.put("name", migration.name());
    values.put("table", migration.table());
    putNew(types);
    putOld();
    KeyChangesets.put(values, migration, facts, types, quote);
    RestoredNames.put(values, migration, facts);
    this.sync = sync;
    sync.map(SyncTrigger::values).ifPresent(values::putAll);
    values.putIfAbsent("resync", "");
    values.put(
        "unsync", sync.isPresent() ? ChangesetSql.fill(SyncTriggerSql.DROP, values, quote) : "");
  }

  private List<String> named() {
    return Stream.of(
            List.of(migration.table()),
            migration.moved(),
            migration.newIndexes(),
            migration.oldIndexes())
        .flatMap(List::stream)
        .toList();
  }

  /** Liquibase reads line by line, fills in parameters, and ends statements of a rollback by ;; */
  private static void requireWritable(String name) {
    if (name.contains("${") || name.contains(";;") || name.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException(
          "the name %s cannot stand in a changelog of Liquibase: write the changesets by hand"
              .formatted(name));
    }
  }

  private void putNew(Map<String, String> types) {
    List<String> names = migration.newNames();
    values.put("newLabel", label(names));
    values.put(
        "addNew", each(names, n -> "ADD COLUMN %s %s".formatted(SqlName.quote(n), type(types, n))));
    values.put("dropNew", each(names, n -> "DROP COLUMN " + SqlName.quote(n)));
    values.put("eachNew", attributes(names));
    values.put("nullableNew", attributes(names) + " AND NOT attnotnull");
    values.put("presentNew", attributes(names) + " AND attnotnull");
    values.put("newPresent", held(names));
    values.put("several", names.size() == 1 ? "" : SEVERAL);
    values.put(
        "setNotNull", each(names, n -> "ALTER COLUMN " + SqlName.quote(n) + " SET NOT NULL"));
    values.put(
        "dropNotNull", each(names, n -> "ALTER COLUMN " + SqlName.quote(n) + " DROP NOT NULL"));
    String constraint = constraint(names);
    values.put("present", SqlName.quote(constraint));
    values.put("check", constraint(constraint));
  }

  private void putOld() {
    List<String> names = migration.oldNames();
    List<String> notNull = names.stream().filter(n -> facts.column(n).notNull()).toList();
    values.put("oldLabel", label(names));
    values.put("presentOld", attributes(names) + " AND attnotnull");
    values.put(
        "dropOldNotNull", each(names, n -> "ALTER COLUMN " + SqlName.quote(n) + " DROP NOT NULL"));
    values.put("oldHeld", held(notNull));
    values.put("oldPresent", SqlName.quote(constraint(names)));
    values.put("oldCheck", constraint(constraint(names)));
    values.put(
        "setOldNotNull", each(notNull, n -> "ALTER COLUMN " + SqlName.quote(n) + " SET NOT NULL"));
    values.put("dropOld", each(names, n -> "DROP COLUMN IF EXISTS " + SqlName.quote(n)));
    values.put(
        "addOld",
        each(
            names,
            n ->
                "ADD COLUMN IF NOT EXISTS %s %s%s"
                    .formatted(
                        SqlName.quote(n),
                        facts.column(n).type(),
                        facts.column(n).collation().map(c -> " COLLATE " + c).orElse(""))));
  }

  private static String type(Map<String, String> types, String column) {
    return Objects.requireNonNull(types.get(column), column);
  }

  private static String each(List<String> names, Function<String, String> clause) {
    return names.stream().map(clause).collect(Collectors.joining(", "));
  }

  private String attributes(List<String> names) {
    return "SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname IN (%s)"
        .formatted(SqlName.literal(migration.table()), each(names, SqlName::literal));
  }

  private static String held(List<String> names) {
    return names.stream()
        .map(n -> SqlName.quote(n) + " IS NOT NULL")
        .collect(Collectors.joining(" AND "));
  }

  private String label(List<String> names) {
    return names.stream()
        .map(n -> migration.table() + "." + SqlName.quote(n))
        .collect(Collectors.joining(", "));
  }

  private String constraint(String name) {
    return "pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"
        .formatted(SqlName.literal(migration.table()), SqlName.literal(name));
  }

  private String constraint(List<String> columns) {
    return name(SqlName.withoutSchema(migration.table()) + "_" + columns.get(0), "_present");
  }

  /** A longer name would be cut off: it is made of its hash then. */
  static String name(String base, String suffix) {
    String full = base + suffix;
    return full.getBytes(StandardCharsets.UTF_8).length <= 63
        ? full
        : "zd_%08x%s".formatted(full.hashCode(), suffix);
  }

  /** The files, in the order of the stages; no file for a stage with nothing to do. */
  List<PlanFile> files() {
    List<PlanFile> files = new ArrayList<>();
    files.add(
        file(
            SchemaStage.EXPAND,
            "010",
            fill(SchemaStage.EXPAND, ChangesetSql.EXPAND)
                + sync.map(each -> fill(SchemaStage.EXPAND, each.changeset())).orElse(""),
            locks.expand()));
    if (!forms.isEmpty()) {
      files.add(file(SchemaStage.INDEX, "020", indexes(), locks.index(forms.size())));
    }
    files.add(file(SchemaStage.ENFORCE, "030", enforce(), locks.enforce()));
    files.add(file(SchemaStage.RELAX, "040", relax(), locks.relax()));
    files.add(
        file(
            SchemaStage.CONTRACT,
            "090",
            fill(SchemaStage.CONTRACT, ChangesetSql.CONTRACT) + oldIndexes(),
            locks.contract()));
    return files;
  }

  private String enforce() {
    return fill(SchemaStage.ENFORCE, ChangesetSql.ENFORCE)
        + references(SchemaStage.ENFORCE, KeyChangesetSql.REFERENCE)
        + fill(SchemaStage.ENFORCE, migration.movesKey() ? KeyChangesetSql.ENFORCE : optional())
        + (migration.movesKey() ? KeyChangesets.rollback(values, quote) : "");
  }

  private String optional() {
    boolean notNull = migration.oldNames().stream().anyMatch(n -> facts.column(n).notNull());
    return ChangesetSql.OLD_OPTIONAL
        + (notNull ? ChangesetSql.ENFORCE_BACK : ChangesetSql.ENFORCE_NOTHING_BACK);
  }

  private String relax() {
    return references(SchemaStage.RELAX, KeyChangesetSql.REFERENCE_BACK)
        + (migration.movesKey() ? fill(SchemaStage.RELAX, KeyChangesetSql.RELAX) : "")
        + fill(SchemaStage.RELAX, ChangesetSql.RELAX);
  }

  private String references(SchemaStage stage, String template) {
    return References.of(migration, facts).stream()
        .map(reference -> fill(stage, template, reference.values()))
        .collect(Collectors.joining());
  }

  private PlanFile file(SchemaStage stage, String number, String text, List<Lock> locks) {
    String name = "%s-%s-%s.sql".formatted(migration.name(), number, stage.label());
    return new PlanFile(
        name, "--liquibase formatted sql logicalFilePath:%s\n\n%s".formatted(name, text), locks);
  }

  private String fill(SchemaStage stage, String template) {
    return fill(stage, template, Map.of());
  }

  private String fill(SchemaStage stage, String template, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(values);
    all.putAll(more);
    all.put("stage", stage.label());
    return ChangesetSql.fill(template, all, quote);
  }

  private String indexes() {
    return IntStream.range(0, forms.size())
        .mapToObj(n -> index(n + 1, forms.get(n)))
        .collect(Collectors.joining("\n"));
  }

  private String index(int n, IndexForms.Form form) {
    Map<String, String> all = new HashMap<>();
    all.put("n", String.valueOf(n));
    all.put("indexName", form.name());
    all.put("index", SqlName.quote(form.name()));
    all.put("qualifiedIndex", SqlName.beside(migration.table(), form.name()));
    all.put("unique", form.unique() ? "UNIQUE " : "");
    all.put("columns", form.columns());
    all.put("comment", form.check().map(check -> "-- " + check + "\n").orElse(""));
    all.put("partitionIndex", PartitionTree.indexName("l.relname", SqlName.literal(form.name())));
    return fill(
        SchemaStage.INDEX, facts.partitioned() ? IndexSql.PARTITIONED_INDEX : IndexSql.INDEX, all);
  }

  /** No one statement builds an index of a partitioned table concurrently: left to the operator. */
  private String oldIndexes() {
    if (facts.partitioned()) {
      return "";
    }
    long keys = migration.movesKey() ? 1 : 0;
    return forms.stream().limit(keys).map(this::oldKey).collect(Collectors.joining())
        + migration.oldIndexes().stream()
            .skip(keys)
            .filter(facts.oldIndexes()::containsKey)
            .map(name -> oldIndex(name, Objects.requireNonNull(facts.oldIndexes().get(name))))
            .collect(Collectors.joining());
  }

  private String oldKey(IndexForms.Form form) {
    return oldIndex(
        form.name(),
        "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s)"
            .formatted(SqlName.quote(form.name()), migration.table(), form.columns()));
  }

  private String oldIndex(String name, OldIndex index) {
    requireWritable(index.definition());
    return oldIndex(
        name, index.definition().replaceFirst("^CREATE (UNIQUE )?INDEX ", "$0CONCURRENTLY "));
  }

  private String oldIndex(String name, String definition) {
    return ChangesetSql.fill(
        IndexSql.OLD_INDEX,
        Map.of("qualifiedIndex", SqlName.beside(migration.table(), name), "definition", definition),
        quote);
  }
}
