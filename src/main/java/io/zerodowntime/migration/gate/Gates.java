package io.zerodowntime.migration.gate;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.zerodowntime.db.ReplicaReadings;
import io.zerodowntime.migration.ComparedReads;
import io.zerodowntime.migration.Definition;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Sync;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.tracing.Trace;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which gates stand before which step, in the order in which they are asked. */
@ApplicationScoped
public class Gates implements GateEvaluator {
  private static final List<Gate> DROP =
      List.of(
          new InstancesAgreeGate(),
          new DrainedGate(),
          new SoakGate(),
          new ShadowCleanGate(),
          new KeysRepairedGate(),
          new NewColumnNotNullGate(),
          new OldColumnGate(),
          new NoDependentsGate());

  private final MigrationConfig config;
  private final DefinitionCheck definitions;
  private final ReplicaReadings replicas;
  private final List<ComparedReads> reads;

  Gates(
      MigrationConfig config,
      DefinitionCheck definitions,
      ReplicaReadings replicas,
      @All List<ComparedReads> reads) {
    this.config = config;
    this.definitions = definitions;
    this.replicas = replicas;
    this.reads = List.copyOf(reads);
  }

  static List<Gate> of(Step step) {
    return switch (step) {
      case EXPAND_TO_DUAL_WRITE ->
          List.of(
              new DefinitionGate(),
              new NewColumnGate(),
              new UniqueKeyGate(),
              new InstancesDualWriteGate());
      case DUAL_WRITE_TO_READ_NEW ->
          List.of(
              new DrainedGate(),
              new BackfillCompleteGate(),
              new ParityZeroGate(),
              new NewIndexesGate(),
              new ReplicasGate());
      case READ_NEW_TO_CONTRACT ->
          List.of(
              new DrainedGate(),
              new SoakGate(),
              new CleanScanGate(),
              new ShadowCleanGate(),
              new OldColumnOptionalGate(),
              new NewColumnNotNullGate());
      case CONTRACT_TO_READ_NEW -> List.of(new OldColumnGate());
      case READ_NEW_TO_DUAL_WRITE ->
          List.of(new DrainedGate(), new ReverseBackfillCompleteGate(), new ParityZeroGate());
      case DUAL_WRITE_TO_EXPAND -> List.of(new NewColumnOptionalGate());
    };
  }

  /** A trigger that is asked for must be there at each step that relies on it. */
  private static List<Gate> of(Migration migration, Step step) {
    if (migration.options().sync() == Sync.OFF || step.to().number() < step.from().number()) {
      return of(step);
    }
    return Stream.concat(
            of(step).stream(),
            migration.options().sync() == Sync.DETECT && step == Step.DUAL_WRITE_TO_READ_NEW
                ? Stream.of(new SyncTriggerGate(), new WritersKnownGate())
                : Stream.of(new SyncTriggerGate()))
        .toList();
  }

  @Override
  public Uni<List<Verdict>> verdicts(
      SqlClient client,
      Migration migration,
      MigrationState state,
      Step step,
      List<LiveInstance> live,
      @Nullable Trace trace) {
    return ask(client, migration, state, of(migration, step), live, trace);
  }

  @Override
  public Uni<List<Verdict>> dropVerdicts(
      SqlClient client, Migration migration, MigrationState state, List<LiveInstance> live) {
    return ask(client, migration, state, DROP, live, null);
  }

  private Uni<List<Verdict>> ask(
      SqlClient client,
      Migration migration,
      MigrationState state,
      List<Gate> gates,
      List<LiveInstance> live,
      @Nullable Trace trace) {
    return Uni.combine()
        .all()
        .unis(
            EvidenceStore.collect(client, migration, state, soak(migration)),
            Columns.of(client, migration))
        .usingConcurrencyOf(1)
        .asTuple()
        .chain(
            found ->
                Sequential.map(
                    gates,
                    gate ->
                        ask(
                            gate,
                            trace,
                            new GateContext(
                                client,
                                migration,
                                state,
                                found.getItem1(),
                                found.getItem2(),
                                live,
                                soak(migration),
                                reads.stream().anyMatch(each -> each.include(migration)),
                                config.writersWindow(),
                                definitions,
                                replicas))));
  }

  private Duration soak(Migration migration) {
    return migration.options().soak().orElse(config.soak());
  }

  private static Uni<Verdict> ask(Gate gate, @Nullable Trace trace, GateContext context) {
    return Trace.during(Trace.part(trace, "gate " + gate.name()), gate.ask(context))
        .onFailure()
        .recoverWithItem(
            failure ->
                Verdict.closed(
                    gate.name(), "could not be asked: " + failure.getMessage(), "see the log"));
  }

  @Override
  public Uni<Verdict> key(SqlClient client, Migration migration, List<String> columns) {
    return UniqueKeyGate.judge(client, migration, columns);
  }

  @Override
  public List<String> names(Migration migration, Step step) {
    return of(migration, step).stream().map(Gate::name).toList();
  }

  @Override
  public List<String> dropNames() {
    return DROP.stream().map(Gate::name).toList();
  }

  @Override
  public Uni<Definition> definition(Migration migration) {
    return definitions
        .judge(migration)
        .map(result -> new Definition(result.flaws(), result.types()));
  }

  @Override
  public Uni<Evidence> evidence(SqlClient client, Migration migration, MigrationState state) {
    return EvidenceStore.collect(client, migration, state, soak(migration));
  }
}
