package io.zerodowntime.app;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.DatabaseUrl;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.schema.SchemaChanges;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.orders.SampleOrders;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Makes a first run useful: the schema, a table worth migrating, and what to do next. */
@ApplicationScoped
class QuickStart {
  private static final Logger LOG = Logger.getLogger(QuickStart.class);

  private final Migrations migrations;
  private final SchemaChanges schema;
  private final SampleOrders samples;
  private final Settings settings;
  private volatile boolean stopping;

  QuickStart(Migrations migrations, SchemaChanges schema, SampleOrders samples, Settings settings) {
    this.migrations = migrations;
    this.schema = schema;
    this.samples = samples;
    this.settings = settings;
  }

  void start(@Observes StartupEvent event) {
    if (!settings.serving) {
      return;
    }
    LOG.infof("effective configuration: %s", settings.effective());
    if (!settings.autoExpand) {
      return;
    }
    expand()
        .chain(this::load)
        .subscribe()
        .with(
            loaded -> hint(),
            failure ->
                LOG.logf(
                    stopping ? Logger.Level.DEBUG : Logger.Level.ERROR,
                    "the first run is not complete: %s",
                    failure.getMessage()));
  }

  void stop(@Observes ShutdownEvent event) {
    stopping = true;
  }

  private Uni<Void> expand() {
    return Sequential.map(
            migrations.all(), migration -> schema.apply(migration, SchemaStage.EXPAND))
        .replaceWithVoid();
  }

  private Uni<Integer> load() {
    return settings.embedded && samples.areServed()
        ? samples
            .load(settings.demonstrationOrders)
            .invoke(rows -> LOG.infof("loaded %d demonstration orders", rows))
        : Uni.createFrom().item(0);
  }

  private void hint() {
    if (!settings.embedded && !LaunchMode.current().isDev()) {
      return;
    }
    String steps =
        samples.areServed()
            ? """
              curl -s localhost:%1$d/orders/1
              curl -s -u "operator:%2$s" -H 'Accept: text/plain' localhost:%1$d/migrations/orders-status
              echo true > %3$s/DUAL_WRITE; echo true > %3$s/WRITE_TO_NEW      # phase 1
              curl -s -u "operator:%2$s" -X POST localhost:%1$d/migrations/orders-status/backfill
            """
            : """
              curl -s -u "operator:%2$s" localhost:%1$d/migrations
            """;
    LOG.infof(
        """
        ready. What to do next, in another terminal:
        """
            + steps
            + """
        operator's password: %4$s   API: http://localhost:%1$d/q/openapi
        database: %5$s\
        """,
        settings.port,
        settings.passwordFile.map("$(cat %s)"::formatted).orElse("$OPERATOR_PASSWORD"),
        settings.flagsDir.orElse("$FLAGS_DIR"),
        settings.passwordFile.map("in "::concat).orElse("as given"),
        settings.database());
  }

  /** What a first run depends on. */
  @Singleton
  static class Settings {
    @ConfigProperty(name = "quarkus.scheduler.enabled", defaultValue = "true")
    boolean serving;

    @ConfigProperty(name = "migration.auto-expand")
    boolean autoExpand;

    @ConfigProperty(name = Bootstrap.EMBEDDED, defaultValue = "false")
    boolean embedded;

    @ConfigProperty(name = "demonstration.orders")
    int demonstrationOrders;

    @ConfigProperty(name = Bootstrap.PASSWORD_FILE)
    Optional<String> passwordFile = Optional.empty();

    @ConfigProperty(name = "migration.flags-dir")
    Optional<String> flagsDir = Optional.empty();

    @ConfigProperty(name = "DATABASE_URL")
    Optional<String> databaseUrl = Optional.empty();

    @ConfigProperty(name = "quarkus.http.port")
    int port;

    @Inject MigrationConfig engine;

    /** Without the password. */
    String database() {
      return databaseUrl
          .filter(url -> embedded)
          .map(DatabaseUrl::parse)
          .map(DatabaseUrl::redacted)
          .orElse("DATABASE_URL");
    }

    String effective() {
      MigrationConfig.Backfill backfill = engine.backfill();
      return "flags %s, heartbeat %s, instance timeout %s, soak %s, auto-expand %s, shadow sample %s, "
              .formatted(
                  flagsDir.orElse("of the environment"),
                  engine.heartbeatInterval(),
                  engine.instanceTimeout(),
                  engine.soak(),
                  engine.autoExpand(),
                  engine.shadowSample())
          + "backfill: %d workers, %d rows, %s, load %s"
              .formatted(
                  backfill.workers(),
                  backfill.batchSize(),
                  backfill.delay(),
                  backfill.targetLoad());
    }
  }
}
