package io.zerodowntime.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * An issuer of tokens: it serves its discovery document and its keys. It needs nothing but the JDK,
 * so that it can be a process of its own as well.
 */
public final class TestIssuer implements AutoCloseable {
  private static final String DISCOVERY = "/.well-known/openid-configuration";
  private static final String KEYS = "/keys";

  private final AtomicInteger asked = new AtomicInteger();
  private final int port;
  private HttpServer server;
  private ExecutorService threads;
  private volatile List<TokenKey> published;
  private volatile boolean silent;

  private TestIssuer(int port, TokenKey... keys) throws IOException {
    published = List.of(keys);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    this.server = HttpServer.create(new InetSocketAddress(loopback, port), 0);
    this.port = server.getAddress().getPort();
    serve();
  }

  /**
   * Starts to listen on the loopback interface.
   *
   * @param port 0 for a free one
   */
  public static TestIssuer start(int port, TokenKey... keys) {
    try {
      return new TestIssuer(port, keys);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a process: the arguments are the port, the identifier of the key, and the key. */
  public static void main(String... arguments) throws IOException {
    new TestIssuer(Integer.parseInt(arguments[0]), TokenKey.published(arguments[1], arguments[2]));
  }

  private void serve() {
    threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.createContext(DISCOVERY, exchange -> answer(exchange, discovery()));
    server.createContext(KEYS, exchange -> answer(exchange, keys()));
    server.start();
  }

  private void answer(HttpExchange exchange, String json) throws IOException {
    asked.incrementAndGet();
    if (silent) {
      return; // the connection stays open, and no byte comes
    }
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private String discovery() {
    return """
    {"issuer": "%1$s", "jwks_uri": "%1$s%2$s", "authorization_endpoint": "%1$s/login",
      "token_endpoint": "%1$s/token", "subject_types_supported": ["public"],
      "response_types_supported": ["code"],
      "id_token_signing_alg_values_supported": ["RS256"]}
    """
        .formatted(url(), KEYS);
  }

  private String keys() {
    return published.stream()
        .map(TestIssuer::jwk)
        .collect(Collectors.joining(",", "{\"keys\":[", "]}"));
  }

  private static String jwk(TokenKey key) {
    return """
    {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "%s", "n": "%s", "e": "%s"}
    """
        .formatted(
            key.id(),
            unsigned(key.publicKey().getModulus()),
            unsigned(key.publicKey().getPublicExponent()));
  }

  private static String unsigned(BigInteger number) {
    byte[] bytes = number.toByteArray();
    int from = bytes[0] == 0 ? 1 : 0;
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Arrays.copyOfRange(bytes, from, bytes.length));
  }

  /** What its tokens have as {@code iss}. */
  public String url() {
    return "http://localhost:" + port;
  }

  public int port() {
    return port;
  }

  /** How often it was asked for anything. */
  public int asked() {
    return asked.get();
  }

  /** Replaces the keys that it serves. */
  public void publish(TokenKey... keys) {
    published = List.of(keys);
  }

  /** Whether it takes requests and answers none of them. */
  public void silent(boolean now) {
    silent = now;
  }

  /** Nothing listens any more. */
  public void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** Listens again, on the same port. */
  public void startAgain() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    serve();
  }

  @Override
  public void close() {
    stop();
  }
}
