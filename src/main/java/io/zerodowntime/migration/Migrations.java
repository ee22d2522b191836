package io.zerodowntime.migration;

import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.FailureKind;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.jboss.logging.Logger;

/** Every migration that is defined, in the order of their names. */
@ApplicationScoped
public class Migrations {
  private static final Logger LOG = Logger.getLogger(Migrations.class);

  /** undefined_table, undefined_column: a new schema, or a new version's, that is being made. */
  private static final Set<String> UNDEFINED = Set.of("42P01", "42703");

  /** Before all other observers of the start. */
  private static final int FIRST = 1;

  private final List<Migration> all;
  private final Queue<CompletableFuture<Void>> inFlight = new ConcurrentLinkedQueue<>();

  @Inject
  Migrations(MigrationConfig config) {
    this(Definitions.read(config.file()));
  }

  Migrations(List<Migration> all) {
    this.all = List.copyOf(all);
  }

  /** A file that cannot be read ends the start, before anything is served. */
  void start(@Observes @Priority(FIRST) StartupEvent event) {
    LOG.debugf("%d migrations are defined", all.size());
  }

  public List<Migration> all() {
    return all;
  }

  /**
   * The migration with this name.
   *
   * @throws MigrationException.Unknown if there is none
   */
  public Migration named(String name) {
    return all.stream()
        .filter(migration -> migration.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new MigrationException.Unknown(name));
  }

  /**
   * Does the same for every migration, one after the other. A failure is logged and keeps nothing
   * else from happening: whoever calls this calls it again soon.
   */
  public Uni<Void> each(Function<Migration, Uni<Void>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              CompletableFuture<Void> ended = new CompletableFuture<>();
              inFlight.removeIf(CompletableFuture::isDone);
              inFlight.add(ended);
              return oneByOne(work).onTermination().invoke(() -> ended.complete(null));
            });
  }

  /** Completes when whatever {@link #each} has in flight at the subscription has ended. */
  public Uni<Void> settled() {
    return Uni.createFrom()
        .completionStage(
            () -> CompletableFuture.allOf(inFlight.toArray(CompletableFuture<?>[]::new)));
  }

  private Uni<Void> oneByOne(Function<Migration, Uni<Void>> work) {
    return Sequential.run(
        all,
        migration ->
            work.apply(migration)
                .onFailure()
                .invoke(failure -> logFailure(migration, failure))
                .onFailure()
                .recoverWithNull());
  }

  private static void logFailure(Migration migration, Throwable failure) {
    boolean noSchemaYet =
        failure instanceof MigrationException.Unknown
            || (failure instanceof PgException e
                && UNDEFINED.contains(String.valueOf(e.getSqlState())));
    // readiness says that the schema is missing, the circuit breaker that the database is away
    LOG.logf(
        noSchemaYet || FailureKind.isAway(failure) ? Logger.Level.DEBUG : Logger.Level.WARN,
        "%s: %s",
        migration.name(),
        failure.getMessage());
  }
}
