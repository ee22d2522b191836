package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sync;
import io.zerodowntime.migration.plan.PlanFile.Lock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What the statements of a migration's changelog files lock. */
final class PlanLocks {
  private static final String ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE";
  private static final String SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE";
  private static final String CONSTANT = "constant, the catalog only";
  private static final String BUILD = "two scans of %s and a sort; reads and writes go on";
  private static final String SCAN = "one scan of the table; reads and writes go on";

  private final Migration migration;
  private final boolean partitioned;
  private final List<References> references;

  PlanLocks(Migration migration, TableFacts facts) {
    this.migration = migration;
    this.partitioned = facts.partitioned();
    this.references = References.of(migration, facts);
  }

  List<Lock> expand() {
    List<Lock> locks = new ArrayList<>();
    locks.add(new Lock("010-columns", "ROW EXCLUSIVE", "migration_state", "constant, one row"));
    locks.add(lock("010-columns", ACCESS_EXCLUSIVE, CONSTANT));
    if (migration.options().sync() != Sync.OFF) {
      locks.add(lock("010-sync", "SHARE ROW EXCLUSIVE", CONSTANT));
    }
    return locks;
  }

  List<Lock> index(int indexes) {
    return IntStream.rangeClosed(1, indexes)
        .mapToObj(n -> "020-index-" + n)
        .flatMap(
            changeset ->
                partitioned
                    ? partitions(changeset)
                    : Stream.of(
                        lock(changeset, SHARE_UPDATE_EXCLUSIVE, BUILD.formatted("the table"))))
        .toList();
  }

  /** Of a partition the index is locked, not the partition: who reads or writes it uses both. */
  private Stream<Lock> partitions(String changeset) {
    return Stream.of(
        lock(changeset, "SHARE", CONSTANT + "; writes by the table's name wait"),
        new Lock(
            changeset, SHARE_UPDATE_EXCLUSIVE, "each partition in turn", BUILD.formatted("it")),
        new Lock(changeset, ACCESS_EXCLUSIVE, "each partition's new index in turn", CONSTANT));
  }

  List<Lock> enforce() {
    List<Lock> locks = new ArrayList<>();
    locks.add(lock("030-check", ACCESS_EXCLUSIVE, CONSTANT));
    locks.add(lock("030-validate", SHARE_UPDATE_EXCLUSIVE, SCAN));
    locks.add(lock("030-not-null", ACCESS_EXCLUSIVE, CONSTANT));
    locks.add(lock("030-drop-check", ACCESS_EXCLUSIVE, CONSTANT));
    references.forEach(reference -> locks.addAll(reference.locks("030")));
    String last = migration.movesKey() ? "030-primary-key" : "030-old-optional";
    locks.add(lock(last, ACCESS_EXCLUSIVE, CONSTANT));
    return locks;
  }

  List<Lock> relax() {
    List<Lock> locks = new ArrayList<>();
    references.forEach(reference -> locks.addAll(reference.locks("040")));
    if (migration.movesKey()) {
      locks.add(lock("040-old-check", ACCESS_EXCLUSIVE, CONSTANT));
      locks.add(lock("040-old-validate", SHARE_UPDATE_EXCLUSIVE, SCAN));
      locks.add(lock("040-primary-key", ACCESS_EXCLUSIVE, CONSTANT));
    }
    locks.add(lock("040-relax", ACCESS_EXCLUSIVE, CONSTANT));
    return locks;
  }

  List<Lock> contract() {
    return List.of(lock("090-drop", ACCESS_EXCLUSIVE, CONSTANT));
  }

  private Lock lock(String changeset, String mode, String how) {
    return new Lock(changeset, mode, migration.table(), how);
  }
}
