package io.zerodowntime.migration.backfill;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The pages of a snapshot that no session has taken yet: those of the table, or of each of its
 * partitions. A range of pages lies in one of them. Thread-safe.
 */
final class SnapshotPages {
  /**
   * The partitions of a table, each with a mark that says which of its states this is: another file
   * means that its rows may lie elsewhere (TRUNCATE, VACUUM FULL), another row that names its
   * parent means that it was attached again. Locks none of them.
   */
  static final String MARKED =
      """
      WITH RECURSIVE tree AS (
        SELECT to_regclass($1)::oid AS relation, ''::text AS path
        UNION ALL
        SELECT i.inhrelid, t.path || '/' || i.xmin::text
        FROM pg_inherits i JOIN tree t ON i.inhparent = t.relation WHERE NOT i.inhdetachpending
      ), leaf AS (
        SELECT c.oid AS id, c.oid::text || t.path || ' ' || c.relfilenode::text AS mark
        FROM tree t JOIN pg_class c ON c.oid = t.relation WHERE c.relkind <> 'p'
      )
      """;

  private final List<Part> parts;
  private final Set<Part> gone = new HashSet<>();
  private final Set<Part> differing = new HashSet<>();
  private final long count;
  private long mismatched;
  private int at;
  private long next;

  SnapshotPages(List<Part> parts) {
    this.parts = List.copyOf(parts);
    this.count = parts.stream().mapToLong(Part::pages).sum();
  }

  /** All pages, taken or not. */
  long count() {
    return count;
  }

  /** The next pages of one part, at most {@code size} of them; empty if all are taken. */
  synchronized Optional<Range> next(long size) {
    if (!left()) {
      return Optional.empty();
    }
    long from = next;
    next = Math.min(parts.get(at).pages(), from + size);
    return Optional.of(new Range(parts.get(at), from, next));
  }

  /** Whether some pages are not taken. */
  synchronized boolean left() {
    while (at < parts.size() && (next >= parts.get(at).pages() || gone.contains(parts.get(at)))) {
      at++;
      next = 0;
    }
    return at < parts.size();
  }

  /** A partition is not there under its name any more: the rest of it is not read. */
  synchronized void forget(Part part) {
    gone.add(part);
  }

  /**
   * Rows of this part disagree.
   *
   * @return how many of their keys may be kept: other lanes find some at the same time
   */
  synchronized long differ(Part part, long rows) {
    long keys = keysLeft();
    mismatched += rows;
    if (rows > 0) {
      differing.add(part);
    }
    return keys;
  }

  /** Keys that may be asked for. */
  synchronized long keysLeft() {
    return Math.max(0, BatchStatement.MAX_KEPT - mismatched);
  }

  /** Whether these are the pages of partitions. */
  boolean ofPartitions() {
    return parts.stream().anyMatch(part -> part.leaf().isPresent());
  }

  /** The marks of the partitions that were there when they were read. */
  synchronized String[] marks() {
    return parts.stream()
        .filter(part -> !gone.contains(part))
        .map(Part::mark)
        .toArray(String[]::new);
  }

  /** The partitions with rows that disagree. */
  synchronized Long[] differing() {
    return differing.stream()
        .flatMap(part -> part.leaf().stream())
        .map(Leaf::id)
        .toArray(Long[]::new);
  }

  /**
   * The table or a partition, as it was at the instant of the snapshot.
   *
   * @param leaf empty for the table
   * @param mark of a partition; empty for the table, which is locked
   * @param pages not fewer than at that instant
   */
  record Part(Optional<Leaf> leaf, String mark, long pages) {}

  /** Pages of one part, from the first to before the second. */
  record Range(Part part, long from, long to) {}
}
