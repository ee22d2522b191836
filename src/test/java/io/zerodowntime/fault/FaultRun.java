package io.zerodowntime.fault;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.zerodowntime.testing.Timeouts;
import java.sql.Connection;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One fault: the load before, during and after it, and what is left behind. */
final class FaultRun {
  private static final Duration SETTLING = Duration.ofSeconds(20);

  private final Fault fault;
  private final Installation installation;
  private final FaultTiming timing;

  FaultRun(Fault fault, Installation installation, FaultTiming timing) {
    this.fault = fault;
    this.installation = installation;
    this.timing = timing;
  }

  FaultOutcome run() throws Exception {
    try (HttpCalls http = new HttpCalls(installation.port());
        Load load = new Load(http, timing.limit())) {
      load.start(fault.writers());
      Timeouts.await().until(() -> load.answers().recovery(0, Call.PROBES).isPresent());
      Resources before = Resources.of(installation);
      long began = System.nanoTime();
      fault.start(installation, load);
      if (fault.lasts()) {
        load.goOn(timing.duration());
      }
      fault.stop(installation);
      long ended = System.nanoTime();
      Optional<Duration> recovery = recovery(load.answers(), ended);
      load.close();
      int burst = ConcurrentRequests.run(installation, http, load);
      Resources after = settled();
      FaultOutcome.Written written = written(load.ledger());
      // what is logged while it ends counts too
      installation.close();
      return new FaultOutcome(
          fault,
          load.answers().between(began, ended),
          load.answers().between(ended, Long.MAX_VALUE).stream()
              .filter(answer -> answer.sent() >= ended)
              .toList(),
          recovery,
          new FaultOutcome.Held(before, after, burst, LogLines.of(installation.service())),
          written);
    }
  }

  private Optional<Duration> recovery(HttpAnswers answers, long ended) {
    Set<Call> calls = new HashSet<>(Call.PROBES);
    calls.addAll(fault.ownCalls());
    try {
      return Awaitility.await()
          .atMost(timing.recovery())
          .pollInterval(100, MILLISECONDS)
          .until(() -> answers.recovery(ended, calls), Optional::isPresent);
    } catch (ConditionTimeoutException e) {
      return Optional.empty();
    }
  }

  private Resources settled() throws Exception {
    try {
      return Awaitility.await()
          .atMost(SETTLING)
          .pollInterval(200, MILLISECONDS)
          .until(() -> Resources.of(installation), Resources::agree);
    } catch (ConditionTimeoutException e) {
      return Resources.of(installation);
    }
  }

  private FaultOutcome.Written written(WriteLedger ledger) throws Exception {
    try (Connection connection = installation.connect()) {
      List<String> complaints = ledger.complaints(connection);
      return new FaultOutcome.Written(ledger.acknowledged(), complaints);
    }
  }
}
