package io.zerodowntime.fault;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.zerodowntime.testing.Waiting;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One fault: the load before, during and after it, and what is left behind. */
final class FaultRun {
  private static final Duration SETTLING = Duration.ofSeconds(20);

  private final Fault fault;
  private final Installation installation;
  private final Form form;

  FaultRun(Fault fault, Installation installation, Form form) {
    this.fault = fault;
    this.installation = installation;
    this.form = form;
  }

  Outcome run() throws Exception {
    try (HttpCalls http = new HttpCalls(installation.port());
        Load load = new Load(http, form.limit())) {
      load.start(fault.writers());
      Waiting.await().until(() -> load.answers().recovery(0, Call.PROBES).isPresent());
      Resources before = Resources.of(installation);
      long began = System.nanoTime();
      fault.start(installation, load);
      if (fault.lasts()) {
        load.goOn(form.duration());
      }
      fault.stop(installation);
      long ended = System.nanoTime();
      Optional<Duration> recovery = recovery(load.answers(), ended);
      load.close();
      int burst = Burst.run(installation, http, load);
      Resources after = settled();
      Outcome.Written written = written(load.ledger());
      // what is logged while it ends counts too
      installation.close();
      return new Outcome(
          fault,
          load.answers().between(began, ended),
          load.answers().between(ended, Long.MAX_VALUE).stream()
              .filter(answer -> answer.sent() >= ended)
              .toList(),
          recovery,
          new Outcome.Held(before, after, burst, LogLines.of(installation.service())),
          written);
    }
  }

  private Optional<Duration> recovery(Answers answers, long ended) {
    try {
      return Awaitility.await()
          .atMost(form.patience())
          .pollInterval(100, MILLISECONDS)
          .until(() -> answers.recovery(ended, Call.PROBES), Optional::isPresent);
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

  private Outcome.Written written(WriteLedger ledger) throws Exception {
    try (Connection connection = installation.connect()) {
      List<String> complaints = ledger.complaints(connection);
      return new Outcome.Written(ledger.acknowledged(), complaints);
    }
  }
}
