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
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Writes the changelog files of one migration. */
final class Changesets {
  private static final String ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE";
  private static final String SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE";
  private static final String CONSTANT = "constant, the catalog only";
  private static final String BUILD = "two scans of %s and a sort; reads and writes go on";

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

  /**
   * @param types of the new columns, by name
   * @param forms of the new indexes, in the order of the definition
   * @throws IllegalArgumentException if a name cannot stand in a changelog
   */
  Changesets(
      Migration migration,
      TableFacts facts,
      Map<String, String> types,
      List<IndexForms.Form> forms) {
    this.migration = migration;
    this.facts = facts;
    this.forms = forms;
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
    values.put(
        "check",
        "pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"
            .formatted(SqlName.literal(migration.table()), SqlName.literal(constraint)));
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

  /** A longer name would be cut off; the migration's is as good. */
  private String constraint(List<String> columns) {
    String full = SqlName.withoutSchema(migration.table()) + "_" + columns.get(0) + "_present";
    return full.getBytes(StandardCharsets.UTF_8).length <= 63
        ? full
        : "zd_%08x_present".formatted(full.hashCode());
  }

  /** The files, in the order of the stages; no file for a stage with nothing to do. */
  List<PlanFile> files() {
    List<PlanFile> files = new ArrayList<>();
    files.add(
        file(SchemaStage.EXPAND, "010", fill(SchemaStage.EXPAND, ChangesetSql.EXPAND), expand()));
    if (!forms.isEmpty()) {
      files.add(file(SchemaStage.INDEX, "020", indexes(), indexLocks()));
    }
    boolean notNull = migration.oldNames().stream().anyMatch(n -> facts.column(n).notNull());
    String back = notNull ? ChangesetSql.ENFORCE_BACK : ChangesetSql.ENFORCE_NOTHING_BACK;
    files.add(
        file(
            SchemaStage.ENFORCE,
            "030",
            fill(SchemaStage.ENFORCE, ChangesetSql.ENFORCE + back),
            enforce()));
    files.add(
        file(
            SchemaStage.RELAX,
            "040",
            fill(SchemaStage.RELAX, ChangesetSql.RELAX),
            List.of(lock("040-relax", ACCESS_EXCLUSIVE, CONSTANT))));
    files.add(
        file(
            SchemaStage.CONTRACT,
            "090",
            fill(SchemaStage.CONTRACT, ChangesetSql.CONTRACT) + oldIndexes(),
            List.of(lock("090-drop", ACCESS_EXCLUSIVE, CONSTANT))));
    return files;
  }

  private PlanFile file(SchemaStage stage, String number, String text, List<Lock> locks) {
    String name = "%s-%s-%s.sql".formatted(migration.name(), number, stage.label());
    return new PlanFile(
        name, "--liquibase formatted sql logicalFilePath:%s\n\n%s".formatted(name, text), locks);
  }

  private String fill(SchemaStage stage, String template) {
    Map<String, String> all = new HashMap<>(values);
    all.put("stage", stage.label());
    return ChangesetSql.fill(template, all, quote);
  }

  private String indexes() {
    return IntStream.range(0, forms.size())
        .mapToObj(n -> index(n + 1, forms.get(n)))
        .collect(Collectors.joining("\n"));
  }

  private String index(int n, IndexForms.Form form) {
    Map<String, String> all = new HashMap<>(values);
    all.put("stage", SchemaStage.INDEX.label());
    all.put("n", String.valueOf(n));
    all.put("indexName", form.name());
    all.put("index", SqlName.quote(form.name()));
    all.put("qualifiedIndex", SqlName.beside(migration.table(), form.name()));
    all.put("unique", form.unique() ? "UNIQUE " : "");
    all.put("columns", form.columns());
    all.put("comment", form.check().map(check -> "-- " + check + "\n").orElse(""));
    all.put("partitionIndex", PartitionTree.indexName("l.relname", SqlName.literal(form.name())));
    return ChangesetSql.fill(
        facts.partitioned() ? IndexSql.PARTITIONED_INDEX : IndexSql.INDEX, all, quote);
  }

  /** No one statement builds an index of a partitioned table concurrently: left to the operator. */
  private String oldIndexes() {
    if (facts.partitioned()) {
      return "";
    }
    return migration.oldIndexes().stream()
        .filter(facts.oldIndexes()::containsKey)
        .map(name -> oldIndex(name, Objects.requireNonNull(facts.oldIndexes().get(name))))
        .collect(Collectors.joining());
  }

  private String oldIndex(String name, OldIndex index) {
    requireWritable(index.definition());
    return ChangesetSql.fill(
        IndexSql.OLD_INDEX,
        Map.of(
            "qualifiedIndex",
            SqlName.beside(migration.table(), name),
            "definition",
            index.definition().replaceFirst("^CREATE (UNIQUE )?INDEX ", "$0CONCURRENTLY ")),
        quote);
  }

  private List<Lock> expand() {
    return List.of(
        new Lock("010-columns", "ROW EXCLUSIVE", "migration_state", "constant, one row"),
        lock("010-columns", ACCESS_EXCLUSIVE, CONSTANT));
  }

  private List<Lock> indexLocks() {
    return IntStream.rangeClosed(1, forms.size())
        .mapToObj(n -> "020-index-" + n)
        .flatMap(
            changeset ->
                facts.partitioned()
                    ? partitionLocks(changeset)
                    : Stream.of(
                        lock(changeset, SHARE_UPDATE_EXCLUSIVE, BUILD.formatted("the table"))))
        .toList();
  }

  /** Of a partition the index is locked, not the partition: who reads or writes it uses both. */
  private Stream<Lock> partitionLocks(String changeset) {
    return Stream.of(
        lock(changeset, "SHARE", CONSTANT + "; writes by the table's name wait"),
        new Lock(
            changeset, SHARE_UPDATE_EXCLUSIVE, "each partition in turn", BUILD.formatted("it")),
        new Lock(changeset, ACCESS_EXCLUSIVE, "each partition's new index in turn", CONSTANT));
  }

  private List<Lock> enforce() {
    return List.of(
        lock("030-check", ACCESS_EXCLUSIVE, CONSTANT),
        lock(
            "030-validate",
            SHARE_UPDATE_EXCLUSIVE,
            "one scan of the table; reads and writes go on"),
        lock("030-not-null", ACCESS_EXCLUSIVE, CONSTANT),
        lock("030-drop-check", ACCESS_EXCLUSIVE, CONSTANT),
        lock("030-old-optional", ACCESS_EXCLUSIVE, CONSTANT));
  }

  private Lock lock(String changeset, String mode, String how) {
    return new Lock(changeset, mode, migration.table(), how);
  }
}
