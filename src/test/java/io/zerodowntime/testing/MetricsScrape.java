package io.zerodowntime.testing;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The metrics of one scrape, by family. */
public final class MetricsScrape {
  private static final Pattern TYPE = Pattern.compile("# TYPE (\\S+) (\\S+)");
  private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][\\w:]*)(?:\\{(.*)\\})? .*");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");

  /** Labels of samples of a histogram or summary, not of the metric. */
  private static final Set<String> OF_SAMPLES = Set.of("le", "quantile");

  private final Map<String, String> types = new TreeMap<>();
  private final Map<String, Set<String>> labels = new TreeMap<>();

  private MetricsScrape() {}

  public static MetricsScrape of(String text) {
    MetricsScrape scrape = new MetricsScrape();
    text.lines().forEach(scrape::add);
    return scrape;
  }

  private void add(String line) {
    Matcher type = TYPE.matcher(line);
    Matcher sample = SAMPLE.matcher(line);
    if (type.matches()) {
      // OpenMetrics names the family of a counter without the end of its samples
      boolean bare = type.group(2).equals("counter") && !type.group(1).endsWith("_total");
      types.put(type.group(1) + (bare ? "_total" : ""), type.group(2));
    } else if (!line.startsWith("#") && sample.matches()) {
      Set<String> known = labels.computeIfAbsent(family(sample.group(1)), f -> new TreeSet<>());
      if (sample.group(2) != null) {
        LABEL.matcher(sample.group(2)).results().forEach(label -> known.add(label.group(1)));
        known.removeAll(OF_SAMPLES);
      }
    }
  }

  private String family(String sample) {
    String without = sample.replaceAll("_(bucket|count|sum)$", "");
    return types.containsKey(without) ? without : sample;
  }

  /**
   * Type and labels of each family with such a name; the gauge of a timer's longest is left out.
   */
  public Map<String, String> families(String name) {
    return types.entrySet().stream()
        .filter(type -> type.getKey().matches(name))
        .filter(type -> !isLongest(type.getKey()))
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                type -> type.getValue() + " " + labels.getOrDefault(type.getKey(), Set.of()),
                (a, b) -> a,
                TreeMap::new));
  }

  private boolean isLongest(String family) {
    return family.endsWith("_max")
        && types.containsKey(family.substring(0, family.length() - "_max".length()));
  }
}
