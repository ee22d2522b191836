package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.scenario.Ledger.Seen;
import io.zerodowntime.scenario.Ledger.Version;
import org.junit.jupiter.api.Test;

/** The judge of the scenarios must be able to find them guilty. */
class LedgerTest {
  private final Ledger ledger = new Ledger(10, id -> id % 2 == 0 ? "paid" : "pending");

  @Test
  void aLegacyValueIsTheOnlyOneUntilSomebodyWrites() {
    assertThat(complains(2, "paid")).isFalse();
    assertThat(complains(2, "pending")).isTrue();
    assertThat(complains(2, null)).isTrue();
    assertThat(complains(2, "PAID")).isTrue();
  }

  @Test
  void aWriteUnderWayMayShowOrNot() {
    ledger.asks(2, "shipped");

    assertThat(complains(2, "paid")).isFalse();
    assertThat(complains(2, "shipped")).isFalse();
    assertThat(complains(2, "pending")).isTrue();
  }

  @Test
  void anAcknowledgedWriteMustShow() {
    Version shipped = ledger.asks(2, "shipped");
    long duringTheWrite = ledger.now();
    ledger.acknowledges(shipped);

    assertThat(complains(2, "paid")).isTrue();
    assertThat(complains(2, "shipped")).isFalse();
    assertThat(ledger.complaint(new Seen(2, "paid", duringTheWrite, ledger.now(), ""))).isEmpty();
  }

  @Test
  void aValueThatNoClientHadAskedForYetIsWrong() {
    long from = ledger.now();
    long to = ledger.now();
    ledger.acknowledges(ledger.asks(2, "shipped"));

    assertThat(ledger.complaint(new Seen(2, "shipped", from, to, ""))).isPresent();
  }

  @Test
  void aWriteWithoutAnAnswerMayShowUntilTheNextIsAcknowledged() {
    ledger.asks(2, "lost");
    assertThat(complains(2, "lost")).isFalse();

    ledger.acknowledges(ledger.asks(2, "shipped"));
    assertThat(complains(2, "lost")).isTrue();
    assertThat(complains(2, "paid")).isTrue();
    assertThat(complains(2, "shipped")).isFalse();
  }

  @Test
  void anOrderSeenBeforeItsCreationIsAnsweredIsJudgedLater() {
    long asked = ledger.now();
    assertThat(complains(11, "paid")).isFalse();
    assertThat(ledger.complaintsAboutUnknown()).hasSize(1);

    ledger.created(11, 7, "pending", asked);
    assertThat(ledger.complaintsAboutUnknown()).hasSize(1);
    assertThat(complains(11, "paid")).isTrue();
    assertThat(complains(11, "pending")).isFalse();
  }

  @Test
  void anOrderIsCreatedOnce() {
    ledger.created(11, 7, "pending", ledger.now());

    assertThatThrownBy(() -> ledger.created(11, 7, "pending", ledger.now()))
        .hasMessageContaining("twice");
    assertThatThrownBy(() -> ledger.created(10, 7, "pending", ledger.now()))
        .hasMessageContaining("twice");
  }

  @Test
  void aListCannotLeaveOutWhatWasThere() {
    ledger.created(11, 7, "paid", ledger.now());
    ledger.asks(4, "shipped");
    long from = ledger.now();
    ledger.created(12, 7, "paid", ledger.now());

    assertThat(ledger.certain("paid", 1, 12, from, ledger.now()))
        .containsExactly(2L, 6L, 8L, 10L, 11L);
    assertThat(ledger.certainOf(7, 10, 12, from)).containsExactly(11L);
  }

  private boolean complains(long id, String status) {
    return ledger.complaint(new Seen(id, status, ledger.now(), ledger.now(), "")).isPresent();
  }
}
