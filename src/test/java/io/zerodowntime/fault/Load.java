package io.zerodowntime.fault;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that send one request after the other: one for each call, and any number of writers. A
 * keyed write that is not acknowledged is sent again under its key.
 */
final class Load implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(10);

  private final HttpCalls http;
  private final HttpAnswers answers = new HttpAnswers();
  private final WriteLedger ledger = new WriteLedger();
  private final Duration limit;
  private final AtomicLong values = new AtomicLong(WriteLedger.FIRST_USER);
  private final AtomicLong orders = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();
  private final CountDownLatch stopping = new CountDownLatch(1);

  /**
   * @param limit how long a client waits for an answer
   */
  Load(HttpCalls http, Duration limit) {
    this.http = http;
    this.limit = limit;
  }

  /** One client for each call, and so many writers. */
  void start(int writers) {
    Call.PROBES.forEach(call -> client(List.of(call), orders.incrementAndGet(), limit));
    for (int i = 0; i < writers; i++) {
      client(Call.WRITES, orders.incrementAndGet(), limit);
    }
  }

  /** One client more, which changes an order until the load stops or it is no longer wanted. */
  void client(Collection<Call> calls, long order, Duration timeout) {
    Thread thread = new Thread(() -> run(List.copyOf(calls), order, timeout), "client");
    threads.add(thread);
    thread.start();
  }

  private void run(List<Call> calls, long order, Duration timeout) {
    Map<Call, Request> pending = new EnumMap<>(Call.class);
    for (int turn = 0; isRunning(); turn++) {
      Call call = calls.get(turn % calls.size());
      Request before = pending.remove(call);
      Request request = before == null ? call.request(order, values.incrementAndGet()) : before;
      if (!send(request, timeout).good() && request.key() != null) {
        pending.put(call, request);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private boolean isRunning() {
    return stopping.getCount() > 0;
  }

  /** Sends one request, notes its answer, and returns it. */
  HttpAnswer send(Request request, Duration timeout) {
    HttpAnswer answer = http.send(request, timeout).join();
    ledger.note(request, answer);
    answers.add(answer);
    return answer;
  }

  /** How long its clients wait for an answer. */
  Duration limit() {
    return limit;
  }

  /** A number that no other request has. */
  long nextValue() {
    return values.incrementAndGet();
  }

  /** Lets it run on for this time. */
  void goOn(Duration time) throws InterruptedException {
    stopping.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  HttpAnswers answers() {
    return answers;
  }

  WriteLedger ledger() {
    return ledger;
  }

  /** Stops, and waits for the answers of all that was sent. */
  @Override
  public void close() throws InterruptedException {
    stopping.countDown();
    for (Thread thread : threads) {
      thread.join(limit.plusSeconds(5).toMillis());
    }
  }
}
