package io.zerodowntime.http.limit;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Which credentials were right the last time, by user and address. It holds no password: only a
 * hash under a key that ends with the process. It never lets anyone in, as each password is still
 * judged; it only says for which logins no guesses are counted.
 */
final class KnownLogins {
  private static final int MOST = 1000;
  private static final String ALGORITHM = "HmacSHA256";

  private final SecretKeySpec secret;
  private final Map<String, byte[]> hashes =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
          return size() > MOST;
        }
      };

  KnownLogins() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    secret = new SecretKeySpec(random, ALGORITHM);
  }

  boolean contains(String who, String credentials) {
    byte[] hash = hash(credentials);
    synchronized (hashes) {
      byte[] right = hashes.get(who);
      return right != null && MessageDigest.isEqual(right, hash);
    }
  }

  void add(String who, String credentials) {
    byte[] hash = hash(credentials);
    synchronized (hashes) {
      hashes.put(who, hash);
    }
  }

  void remove(String who) {
    synchronized (hashes) {
      hashes.remove(who);
    }
  }

  private byte[] hash(String credentials) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(secret);
      return mac.doFinal(credentials.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
