package io.zerodowntime.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.http.ProblemException;
import java.math.BigDecimal;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.assertj.core.api.Assumptions;

/** Proves which idempotency keys are the same, and which are refused. */
class IdempotencyKeyTest {

  @Property
  void takesBothFormsForTheSame(
      @ForAll @CharRange(from = '!', to = '~') @StringLength(min = 1, max = 255) String key) {
    Assumptions.assumeThat(key).doesNotStartWith("\"");
    String quoted = '"' + key.replace("\\", "\\\\").replace("\"", "\\\"") + '"';

    assertThat(IdempotencyKey.of(List.of(key)).orElseThrow().value()).isEqualTo(key);
    assertThat(IdempotencyKey.of(List.of(quoted)).orElseThrow().value()).isEqualTo(key);
  }

  /** Up to the header limit of the HTTP server, 20 KiB, and beyond. */
  @Property(tries = 50)
  void refusesWhatIsTooLong(@ForAll @IntRange(min = 256, max = 40_000) int length) {
    String key = "k".repeat(length);
    refuses(key);
    refuses('"' + key + '"');
    refuses('"' + key);
    refuses("\"" + "\\\"".repeat(length) + '"');
  }

  @Example
  void refusesQuotesThatAreNotClosedOrEscaped() {
    for (String header :
        new String[] {"", "\"", "\"\"", "\"a", "\"a\"b\"", "\"a\\\"", "\"\\a\"", "a b"}) {
      refuses(header);
    }
  }

  private static void refuses(String header) {
    assertThatThrownBy(() -> IdempotencyKey.of(List.of(header)))
        .as("%d characters", header.length())
        .isInstanceOfSatisfying(
            ProblemException.class,
            refused -> assertThat(refused.problem().status()).isEqualTo(400));
  }

  @Property
  void keepsTheKeysOfClientsApart(
      @ForAll @CharRange(from = '!', to = '~') @StringLength(min = 1, max = 255) String key,
      @ForAll @CharRange(from = '!', to = '~') @StringLength(min = 1, max = 64) String client) {
    IdempotencyKey bare = new IdempotencyKey(key);

    assertThat(bare.of(client)).isEqualTo(new IdempotencyKey(key).of(client));
    assertThat(bare.of(client).value()).startsWith(" ").hasSizeLessThanOrEqualTo(255);
    assertThat(bare.of(client)).isNotEqualTo(bare).isNotEqualTo(bare.of(client + "x"));
  }

  @Property
  void fingerprintsTheValueOfAnAmount(
      @ForAll @IntRange(min = 1, max = 1_000_000) int cents,
      @ForAll @IntRange(min = 1, max = 1_000_000) int other,
      @ForAll @IntRange(max = 5) int zeros) {
    String amount = BigDecimal.valueOf(cents, 2) + "0".repeat(zeros);

    assertThat(fingerprint(amount)).isEqualTo(fingerprint(BigDecimal.valueOf(cents, 2).toString()));
    assertThat(fingerprint(amount).equals(fingerprint(BigDecimal.valueOf(other, 2).toString())))
        .isEqualTo(cents == other);
  }

  private static String fingerprint(String amount) {
    NewOrder order = new NewOrder(1L, new BigDecimal(amount), null);
    return java.util.HexFormat.of()
        .formatHex(IdempotencyKey.fingerprint("POST", "/orders", order.canonical()));
  }
}
