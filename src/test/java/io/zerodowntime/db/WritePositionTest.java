package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves what tokens carry, and what may be compared. */
@Tag("protocol")
class WritePositionTest {
  private static final WritePosition EARLY = new WritePosition(-7, 3, 100);
  private static final WritePosition LATE = new WritePosition(-7, 3, Long.MAX_VALUE);
  private static final WritePosition PROMOTED = new WritePosition(-7, 4, 50);
  private static final WritePosition OTHER = new WritePosition(8, 3, 100);

  @Test
  void comesBackFromItsToken() {
    assertThat(LATE.token()).hasSize(28).matches("[A-Za-z0-9_-]+");
    assertThat(WritePosition.of(LATE.token())).isEqualTo(LATE);
    assertThat(WritePosition.of(WritePosition.UNKNOWN.token())).isEqualTo(WritePosition.UNKNOWN);
  }

  /** A cookie of another version must not lock a client out. */
  @ParameterizedTest
  @ValueSource(strings = {"", "x", "AgAAAAAAAAAAAAAAAAAAAAAAAAAA", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!"})
  void isUnknownWhereThereIsNoSuchToken(String token) {
    assertThat(WritePosition.of(token)).isEqualTo(WritePosition.UNKNOWN);
  }

  @Test
  void ofSeveralTheLatestCountsUnlessTheyCannotBeCompared() {
    assertThat(EARLY.and(LATE)).isEqualTo(LATE);
    assertThat(LATE.and(EARLY)).isEqualTo(LATE);
    assertThat(EARLY.and(PROMOTED)).isEqualTo(WritePosition.UNKNOWN);
    assertThat(EARLY.and(WritePosition.UNKNOWN)).isEqualTo(WritePosition.UNKNOWN);
  }

  @Test
  void anAnswerNamesTheLatestWriteThatItsClientKnows() {
    assertThat(answer(LATE, EARLY)).contains(LATE);
    assertThat(answer(EARLY, LATE)).contains(LATE);
    assertThat(answer(LATE, PROMOTED)).as("a failover in between").contains(PROMOTED);
    assertThat(answer(null, EARLY)).contains(EARLY);
    assertThat(new RequestPosition(EARLY).answer(false)).isEmpty();
    assertThat(new RequestPosition(EARLY).answer(true))
        .as("a write that may be done")
        .contains(WritePosition.UNKNOWN);
  }

  private static Optional<WritePosition> answer(WritePosition asked, WritePosition written) {
    RequestPosition request = new RequestPosition(asked);
    request.record(written);
    return request.answer(true);
  }

  @Test
  void positionsHaveNoTimelineAndNoCluster() {
    ReplicaLook look = look(true, false, 100L);
    assertThat(look.covers(EARLY)).isTrue();
    assertThat(look.covers(LATE)).isFalse();
    assertThat(look.covers(PROMOTED)).isFalse();
    assertThat(look.covers(OTHER)).isFalse();
    assertThat(look.covers(WritePosition.UNKNOWN)).isFalse();
  }

  @Test
  void aServerThatIsNotAStandbyOrHidesItsTimelineHasReplayedNothing() {
    assertThat(look(false, false, 100L).covers(EARLY)).isFalse();
    assertThat(look(false, false, null).covers(EARLY)).isFalse();
    assertThat(look(true, true, 100L).covers(EARLY)).isFalse();
  }

  private static ReplicaLook look(boolean standby, boolean unreadable, Long replayed) {
    return new ReplicaLook(standby, 1, -7, 3, !unreadable, unreadable, replayed);
  }

  @Test
  void comparesPositionsAsTheServerWritesThem() {
    ReplicaReading reading =
        new ReplicaReading("r:1", Optional.empty(), Optional.empty(), Optional.of(0x2_0000_0010L));
    assertThat(reading.hasReplayed("2/10")).isTrue();
    assertThat(reading.hasReplayed("2/11")).isFalse();
    assertThat(reading.hasReplayed("1/FFFFFFFF")).isTrue();
  }
}
