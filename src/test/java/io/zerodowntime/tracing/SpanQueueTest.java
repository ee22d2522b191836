package io.zerodowntime.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** However slow the receiver is, what waits is bounded, and what is lost is counted. */
class SpanQueueTest {
  private static final SpanQueue.Bounds BOUNDS =
      new SpanQueue.Bounds(10, 4, Duration.ofSeconds(1), Duration.ofDays(1));

  private final List<Integer> sent = new ArrayList<>();
  private final Deque<Promise<Void>> answers = new ArrayDeque<>();
  private final SpanQueue queue = new SpanQueue(this::send, BOUNDS);

  private Future<Void> send(List<SpanData> batch) {
    sent.add(batch.size());
    answers.add(Promise.promise());
    return answers.getLast().future();
  }

  private void end(int spans) {
    end(spans, Sampler.alwaysOn());
  }

  private void end(int spans, Sampler sampler) {
    Tracer tracer =
        SdkTracerProvider.builder().setSampler(sampler).addSpanProcessor(queue).build().get("test");
    for (int i = 0; i < spans; i++) {
      tracer.spanBuilder("work").startSpan().end();
    }
  }

  @Test
  void aReceiverThatDoesNotAnswerFillsTheQueueAndNoMore() {
    end(100);
    assertThat(sent).as("one batch at a time").containsExactly(4);
    assertThat(queue.droppedAsFull()).isEqualTo(100 - 4 - 10);
    answers.remove().complete();
    answers.remove().complete();
    answers.remove().complete();
    assertThat(queue.exported()).isEqualTo(12);
    assertThat(sent).as("what is less than a batch waits for the timer").containsExactly(4, 4, 4);
    end(2);
    assertThat(sent).containsExactly(4, 4, 4, 4);
  }

  @Test
  void aBatchThatIsNotTakenIsNotSentAgain() {
    end(4);
    answers.remove().fail("refused");
    assertThat(queue.droppedAsFailed()).isEqualTo(4);
    end(20);
    assertThat(sent).as("a pause after the failure").containsExactly(4);
    assertThat(queue.droppedAsFull()).isEqualTo(10);
  }

  @Test
  void theEndWaitsForAReceiverThatAnswers() {
    SpanQueue answered =
        new SpanQueue(
            batch -> {
              sent.add(batch.size());
              return Future.succeededFuture();
            },
            BOUNDS);
    Tracer tracer = SdkTracerProvider.builder().addSpanProcessor(answered).build().get("test");
    for (int i = 0; i < 3; i++) {
      tracer.spanBuilder("work").startSpan().end();
    }
    answered.finish();
    assertThat(sent).containsExactly(3);
    assertThat(answered.exported()).isEqualTo(3);
  }

  @Test
  void theEndDoesNotWaitLongForOneThatDoesNot() {
    end(6);
    queue.finish();
    assertThat(queue.exported()).isZero();
    assertThat(queue.droppedAsFailed()).as("never handed on").isEqualTo(2);
  }

  @Test
  void whatIsNotSampledIsNotKept() {
    end(100, Sampler.alwaysOff());
    assertThat(sent).isEmpty();
    assertThat(queue.droppedAsFull()).isZero();
  }
}
