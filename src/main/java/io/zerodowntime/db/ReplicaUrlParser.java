package io.zerodowntime.db;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the URLs of replicas. No message repeats any part that could hold the password. */
final class ReplicaUrlParser {
  /** Each has its series among the metrics and its look once a second. */
  private static final int MOST = 16;

  private static final Pattern BETWEEN = Pattern.compile("[,\\s]+(?=postgres(?:ql)?://)");

  /** Up to the at sign behind the login, the hosts, and the rest. */
  private static final Pattern HOSTS =
      Pattern.compile("(?<login>postgres(?:ql)?://[^?]*@)(?<hosts>[^/?]*)(?<rest>.*)");

  private ReplicaUrlParser() {}

  static List<DatabaseUrl> parse(String urls) {
    List<DatabaseUrl> replicas = new ArrayList<>();
    for (String url : BETWEEN.split(urls.strip(), -1)) {
      for (String one : hostByHost(url)) {
        DatabaseUrl replica = DatabaseUrl.parse(one);
        if (replicas.stream().anyMatch(known -> known.place().equals(replica.place()))) {
          throw new IllegalArgumentException("naming " + replica.place() + " twice");
        }
        replicas.add(replica);
      }
    }
    if (replicas.size() > MOST) {
      throw new IllegalArgumentException(
          "naming %d replicas, and %d is the most".formatted(replicas.size(), MOST));
    }
    return replicas;
  }

  private static List<String> hostByHost(String url) {
    Matcher parts = HOSTS.matcher(url);
    if (!parts.matches()) {
      return List.of(url);
    }
    if (parts.group("rest").replaceAll("[?].*", "").contains(",")) {
      throw new IllegalArgumentException(
          "not a list like postgresql://user:password@host,host/database: a comma stands behind the"
              + " hosts");
    }
    List<String> each = new ArrayList<>();
    for (String host : parts.group("hosts").split(",", -1)) {
      each.add(parts.group("login") + host + parts.group("rest"));
    }
    return each;
  }
}
