package io.zerodowntime.redis;

import io.vertx.redis.client.Command;
import io.vertx.redis.client.Request;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A script in Lua, which Redis runs as one step.
 *
 * @param text its source
 * @param digest by which Redis knows it once it has run: SHA-1 in hexadecimal digits
 */
public record RedisScript(String text, String digest) {

  /** The script of this source. */
  public static RedisScript of(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
      return new RedisScript(text, HexFormat.of().formatHex(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  Request request(Command command, String script, String key, long... arguments) {
    Request request = Request.cmd(command).arg(script).arg(1).arg(key);
    for (long each : arguments) {
      request.arg(each);
    }
    return request;
  }
}
