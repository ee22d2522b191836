package io.zerodowntime.orders;

import io.zerodowntime.db.WritePosition;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The stored response of a write, as it lies in Redis: a signature, and what is signed. Who does
 * not know the database's secret can neither make one nor change one, and one that was made for
 * another key, another request or another history of the database does not verify here.
 *
 * @param status of the response, 200 or 201
 * @param json its body
 * @param keyedAt when the key was stored, or a little earlier, by the database's clock
 * @param position where the log ended behind that write; null if that is not known
 */
record ReplayEntry(int status, String json, Instant keyedAt, @Nullable WritePosition position) {
  /** How many bytes one has at most; a longer one is neither stored nor read. */
  static final int LONGEST = 2048;

  private static final String ALGORITHM = "HmacSHA256";
  private static final int SIGNATURE = 32;
  private static final byte VERSION = 1;

  /** Version, status, time, length of the position. */
  private static final int HEAD = 1 + Short.BYTES + Long.BYTES + 1;

  /**
   * Where the entry of a key lies. It changes with the history, and says nothing about the key.
   *
   * @param history names the database and its past: entries of another one are never asked for
   */
  static String name(byte[] secret, String history, String key) {
    byte[] hash = sign(secret, bytes("name\n" + history + "\n" + key));
    return "zerodowntime:replay:" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
  }

  /**
   * As bytes.
   *
   * @param fingerprint of the request that the response belongs to
   */
  byte[] signed(byte[] secret, String name, byte[] fingerprint) {
    byte[] place = position == null ? new byte[0] : bytes(position.token());
    byte[] body = bytes(json);
    byte[] content =
        ByteBuffer.allocate(HEAD + place.length + body.length)
            .put(VERSION)
            .putShort((short) status)
            .putLong(ChronoUnit.MICROS.between(Instant.EPOCH, keyedAt))
            .put((byte) place.length)
            .put(place)
            .put(body)
            .array();
    return join(sign(secret, bytes(name + "\n"), fingerprint, content), content);
  }

  /**
   * Reads what {@link #signed} made; null if it is anything else, or was made for another request.
   */
  static @Nullable ReplayEntry verified(
      byte[] secret, String name, byte[] fingerprint, byte[] entry) {
    if (entry.length < SIGNATURE + HEAD || entry.length > LONGEST) {
      return null;
    }
    byte[] content = Arrays.copyOfRange(entry, SIGNATURE, entry.length);
    byte[] signature = sign(secret, bytes(name + "\n"), fingerprint, content);
    return MessageDigest.isEqual(signature, Arrays.copyOf(entry, SIGNATURE)) ? read(content) : null;
  }

  private static @Nullable ReplayEntry read(byte[] content) {
    ByteBuffer buffer = ByteBuffer.wrap(content);
    if (buffer.get() != VERSION) {
      return null;
    }
    int status = buffer.getShort();
    Instant keyedAt = Instant.EPOCH.plus(buffer.getLong(), ChronoUnit.MICROS);
    byte[] place = new byte[buffer.get()];
    buffer.get(place);
    byte[] body = new byte[buffer.remaining()];
    buffer.get(body);
    WritePosition position = place.length == 0 ? null : WritePosition.of(text(place));
    return new ReplayEntry(status, text(body), keyedAt, position);
  }

  private static byte[] sign(byte[] secret, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] join(byte[] one, byte[] other) {
    return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
