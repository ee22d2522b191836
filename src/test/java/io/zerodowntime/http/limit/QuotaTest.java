package io.zerodowntime.http.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.http.limit.Quota.Decision;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Proves that a quota allows what it says, and that a client that is forgotten costs no memory. */
class QuotaTest {
  private static final long SECOND = 1_000_000;

  @Test
  void countsAsTheExampleSays() {
    Quota quota = new Quota(3, 30 * SECOND);
    long now = 100 * SECOND;
    long whole = 0;
    for (int remaining = 2; remaining >= 0; remaining--) {
      Decision taken = quota.take(whole, now);
      assertThat(taken.allowed()).isTrue();
      assertThat(quota.remaining(taken)).isEqualTo(remaining);
      whole = taken.wholeAt();
    }
    Decision refused = quota.take(whole, now);

    assertThat(refused.allowed()).isFalse();
    assertThat(quota.retrySeconds(refused)).isEqualTo(10);
    assertThat(quota.resetSeconds(refused)).isEqualTo(30);
    assertThat(quota.take(refused.wholeAt(), 110 * SECOND - 1).allowed()).isFalse();
    assertThat(quota.take(refused.wholeAt(), 110 * SECOND).allowed()).isTrue();
  }

  /** A bucket of tokens, counted one by one, is what GCRA must agree with. */
  @Test
  void agreesWithABucketOfTokens() {
    Random random = new Random(13);
    for (int run = 0; run < 200; run++) {
      int requests = 1 + random.nextInt(20);
      long interval = 1L + random.nextInt(50);
      Quota quota = new Quota(requests, requests * interval);
      Deque<Long> taken = new ArrayDeque<>();
      long now = 1000;
      long whole = 0;
      for (int i = 0; i < 200; i++) {
        now += random.nextInt((int) interval + 3);
        while (!taken.isEmpty() && taken.peekFirst() <= now) {
          taken.removeFirst();
        }
        boolean free = taken.size() < requests;
        if (free) {
          taken.addLast((taken.isEmpty() ? now : taken.peekLast()) + interval);
        }
        Decision decision = quota.take(whole, now);
        whole = decision.wholeAt();
        assertThat(decision.allowed()).isEqualTo(free);
        assertThat(quota.remaining(decision)).isBetween(0L, (long) requests);
      }
    }
  }

  @Test
  void aNumberFarAheadRefusesForOneWindowAtMost() {
    Quota quota = new Quota(5, SECOND);

    Decision refused = quota.take(Long.MAX_VALUE, 0);
    assertThat(refused.allowed()).isFalse();
    assertThat(refused.ahead()).isEqualTo(SECOND);
    assertThat(quota.take(refused.wholeAt(), SECOND).allowed()).isTrue();
  }

  @Test
  void remembersTheClientsThatCameLast() {
    AtomicLong clock = new AtomicLong();
    Quotas quotas = new Quotas(new Quota(1, SECOND), 100, clock::get);
    for (int i = 0; i < 10_000; i++) {
      assertThat(quotas.take("client " + i).allowed()).isTrue();
    }

    assertThat(quotas.clients()).isEqualTo(100);
    assertThat(quotas.take("client 9999").allowed()).isFalse();
    quotas.giveBack("client 9999");
    assertThat(quotas.take("client 9999").allowed()).isTrue();
    clock.addAndGet(SECOND);
    assertThat(quotas.take("client 9999").allowed()).isTrue();
  }
}
