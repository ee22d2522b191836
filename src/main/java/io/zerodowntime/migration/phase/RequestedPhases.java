package io.zerodowntime.migration.phase;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.zerodowntime.migration.Flags;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.Phase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * What the flags of this instance ask for. Flags that are refused, unreadable or gone leave the
 * last valid request in force.
 */
@ApplicationScoped
public class RequestedPhases {
  private static final Logger LOG = Logger.getLogger(RequestedPhases.class);
  private static final List<String> FLAGS =
      List.of(Flags.DUAL_WRITE, Flags.WRITE_TO_NEW, Flags.READ_FROM_NEW);

  private final MigrationConfig config;
  private final Map<String, String> environment;
  private final List<MigrationListener> listeners;
  private final Map<String, Request> requests = new ConcurrentHashMap<>();

  @Inject
  RequestedPhases(MigrationConfig config, @All List<MigrationListener> listeners) {
    this(config, System.getenv(), listeners);
  }

  RequestedPhases(
      MigrationConfig config, Map<String, String> environment, List<MigrationListener> listeners) {
    this.config = config;
    this.environment = environment;
    this.listeners = listeners;
  }

  /**
   * Reads the flags of several migrations again, all of one version of the directory, and gives the
   * last valid request of each; empty if there never was one. Never fails.
   */
  public Uni<Map<Migration, Optional<Phase>>> refresh(List<Migration> migrations) {
    return Uni.createFrom()
        .item(() -> judge(migrations))
        .runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
  }

  private Map<Migration, Optional<Phase>> judge(List<Migration> migrations) {
    Map<Migration, Optional<Phase>> phases = new LinkedHashMap<>();
    Source source = source(migrations);
    migrations.forEach(each -> phases.put(each, judge(each, source).phase()));
    return phases;
  }

  /** A file that cannot be read must not hold up the other migrations: each then reads its own. */
  private Source source(List<Migration> migrations) {
    if (config.flagsDir().isEmpty()) {
      return migration -> environment;
    }
    FlagDirectory directory = new FlagDirectory(Path.of(config.flagsDir().get()));
    try {
      Map<String, String> files = directory.read(names(migrations));
      return migration -> files;
    } catch (IOException unreadable) {
      return migration -> directory.read(names(List.of(migration)));
    }
  }

  private static List<String> names(List<Migration> migrations) {
    return Stream.concat(
            FLAGS.stream(),
            migrations.stream()
                .flatMap(each -> FLAGS.stream().map(flag -> each.name() + "." + flag)))
        .toList();
  }

  private Request judge(Migration migration, Source source) {
    Request before = requests.getOrDefault(migration.name(), Request.NONE);
    Request now;
    try {
      Map<String, String> values = pick(migration, source.values(migration));
      now = new Request(Optional.of(Flags.of(values).phase()), Optional.empty());
    } catch (IOException | IllegalArgumentException refused) {
      now = new Request(before.phase(), Optional.of(reason(refused)));
    }
    requests.put(migration.name(), now);
    if (!now.equals(before)) {
      announce(migration, before, now);
    }
    return now;
  }

  /** A flag with the migration's name before it wins over one without. */
  private Map<String, String> pick(Migration migration, Map<String, String> from) {
    boolean primary = migration.name().equals(config.primary());
    Map<String, String> values = new HashMap<>();
    for (String flag : FLAGS) {
      String own = from.get(migration.name() + "." + flag);
      String value = own == null && primary ? from.get(flag) : own;
      if (value != null) {
        values.put(flag, value);
      }
    }
    return values;
  }

  private static String reason(Exception refused) {
    return refused instanceof IOException
        ? "flags directory unreadable: " + refused.getMessage()
        : String.valueOf(refused.getMessage());
  }

  private void announce(Migration migration, Request before, Request now) {
    now.refused()
        .ifPresentOrElse(
            reason -> {
              LOG.warnf(
                  "%s: flags refused: %s; %s",
                  migration.name(),
                  reason,
                  before
                      .phase()
                      .map(phase -> "still asking for phase " + phase)
                      .orElse("asking for no change"));
              listeners.forEach(listener -> listener.onFlagsRejected(migration, reason));
            },
            () -> LOG.infof("%s: flags ask for phase %s", migration.name(), now.phase().get()));
  }

  /** Where the flags of a migration are read. */
  private interface Source {
    Map<String, String> values(Migration migration) throws IOException;
  }

  /**
   * The last answer of the flags.
   *
   * @param phase the last valid request; empty if there was none since the start, which asks for
   *     the phase that is in force
   * @param refused why the flags as they stand were refused; empty if they are valid
   */
  public record Request(Optional<Phase> phase, Optional<String> refused) {
    static final Request NONE = new Request(Optional.empty(), Optional.empty());
  }

  /** The answer of the last {@link #refresh}. */
  public Request current(Migration migration) {
    return requests.getOrDefault(migration.name(), Request.NONE);
  }
}
