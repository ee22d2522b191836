package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.zerodowntime.migration.Sequential;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Cuts the partitions of a table into ranges. */
final class LeafRanges {
  /** Partitions whose first and last keys one statement reads. */
  private static final int READ_AT_ONCE = 100;

  private static final String ENDS =
      """
      SELECT %(n) AS n,
        (SELECT %text[t.{c}] FROM %(table) t ORDER BY %list[t.{c}] LIMIT 1) AS low,
        (SELECT %text[t.{c}] FROM %(table) t ORDER BY %list[t.{c} DESC] LIMIT 1) AS high
      """;

  private LeafRanges() {}

  /**
   * Cuts each partition by its own keys and statistics, at least into one range.
   *
   * @param key that of the table
   * @param count about how many ranges, shared among them by their rows
   * @param size rows of a range at least
   */
  static Uni<List<KeyRanges.Range>> cut(
      SqlClient client, KeySql key, List<Leaf> leaves, int count, int size) {
    long rows = Math.max(1, leaves.stream().mapToLong(Leaf::rows).sum());
    Map<Boolean, List<Leaf>> bySize =
        leaves.stream()
            .collect(Collectors.partitioningBy(leaf -> share(leaf, rows, count, size) > 1));
    List<KeyRanges.Range> ranges = new ArrayList<>();
    return ends(client, key, listed(bySize, false), ranges)
        .chain(
            () ->
                Sequential.run(
                    listed(bySize, true),
                    leaf ->
                        KeyRanges.cut(client, key.in(leaf), share(leaf, rows, count, size))
                            .invoke(ranges::addAll)
                            .replaceWithVoid()))
        .map(done -> inOrder(leaves, ranges));
  }

  private static List<Leaf> listed(Map<Boolean, List<Leaf>> bySize, boolean big) {
    return Objects.requireNonNull(bySize.get(big));
  }

  private static int share(Leaf leaf, long rows, int count, int size) {
    return (int) Math.max(1, Math.min(leaf.rows() * count / rows, leaf.rows() / size));
  }

  private static List<KeyRanges.Range> inOrder(List<Leaf> leaves, List<KeyRanges.Range> ranges) {
    Map<Leaf, Integer> places = new HashMap<>();
    leaves.forEach(leaf -> places.put(leaf, places.size()));
    ranges.sort(
        Comparator.comparing(range -> range.leaf().map(places::get).orElseThrow())); // is stable
    return ranges;
  }

  private static Uni<Void> ends(
      SqlClient client, KeySql key, List<Leaf> leaves, List<KeyRanges.Range> ranges) {
    List<List<Leaf>> parts = new ArrayList<>();
    for (int i = 0; i < leaves.size(); i += READ_AT_ONCE) {
      parts.add(leaves.subList(i, Math.min(leaves.size(), i + READ_AT_ONCE)));
    }
    return Sequential.run(
        parts,
        part ->
            client
                .query(ends(key, part))
                .execute()
                .invoke(rows -> rows.forEach(row -> range(part, row).ifPresent(ranges::add)))
                .replaceWithVoid());
  }

  private static String ends(KeySql key, List<Leaf> leaves) {
    return IntStream.range(0, leaves.size())
        .mapToObj(i -> key.in(leaves.get(i)).fill(ENDS, Map.of("n", String.valueOf(i))))
        .collect(Collectors.joining("UNION ALL "));
  }

  private static Optional<KeyRanges.Range> range(List<Leaf> leaves, Row row) {
    return Optional.ofNullable(row.getString("low"))
        .map(
            low ->
                new KeyRanges.Range(
                    low,
                    Optional.empty(),
                    row.getString("high"),
                    Optional.of(leaves.get(row.getInteger("n")))));
  }
}
