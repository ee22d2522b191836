package io.zerodowntime.db;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads the URLs of replicas. No message repeats any part that could hold the password. */
final class ReplicaUrlParser {
  /** Each has its series among the metrics and its look once a second. */
  private static final int MOST = 16;

  private static final Pattern BETWEEN = Pattern.compile("[,\\s]+(?=postgres(?:ql)?://)");

  private ReplicaUrlParser() {}

  static List<DatabaseUrl> parse(String urls) {
    List<DatabaseUrl> replicas = new ArrayList<>();
    for (String url : BETWEEN.split(urls.strip(), -1)) {
      DatabaseUrl several = DatabaseUrl.parse(url);
      if (several.database().contains(",")) {
        throw new IllegalArgumentException(
            "not a list like postgresql://user:password@host,host/database: a comma stands behind"
                + " the hosts");
      }
      if (several.target() != TargetSession.ANY) {
        throw new IllegalArgumentException("not for target_session_attrs: replicas are standbys");
      }
      for (DatabaseHost host : several.hosts()) {
        DatabaseUrl replica = several.at(host);
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
}
