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
import java.util.function.Supplier;
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
    return inFlight(() -> oneByOne(all, work));
  }

  /**
   * Does something for all migrations together, so that it costs the same however many there are. A
   * failure is logged: whoever calls this calls it again soon.
   */
  public Uni<Void> together(Function<List<Migration>, Uni<Void>> work) {
    return inFlight(() -> logged("all migrations", work.apply(all)));
  }

  private Uni<Void> inFlight(Supplier<Uni<? extends Void>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              CompletableFuture<Void> ended = new CompletableFuture<>();
              inFlight.removeIf(CompletableFuture::isDone);
              inFlight.add(ended);
              return Uni.createFrom()
                  .deferred(work)
                  .onTermination()
                  .invoke(() -> ended.complete(null));
            });
  }

  /** Completes when whatever was begun here and is in flight at the subscription has ended. */
  public Uni<Void> settled() {
    return Uni.createFrom()
        .completionStage(
            () -> CompletableFuture.allOf(inFlight.toArray(CompletableFuture<?>[]::new)));
  }

  /** Does the same for some of them, as {@link #each} does for all. */
  public static Uni<Void> oneByOne(List<Migration> some, Function<Migration, Uni<Void>> work) {
    return Sequential.run(some, migration -> logged(migration.name(), work.apply(migration)));
  }

  private static Uni<Void> logged(String what, Uni<Void> work) {
    return work.onFailure()
        .invoke(failure -> logFailure(what, failure))
        .onFailure()
        .recoverWithNull();
  }

  private static void logFailure(String what, Throwable failure) {
    boolean noSchemaYet =
        failure instanceof MigrationException.Unknown
            || (failure instanceof PgException e
                && UNDEFINED.contains(String.valueOf(e.getSqlState())));
    // readiness says that the schema is missing, the circuit breaker that the database is away
    LOG.logf(
        noSchemaYet || FailureKind.isAway(failure) ? Logger.Level.DEBUG : Logger.Level.WARN,
        "%s: %s",
        what,
        failure.getMessage());
  }
}
