package io.zerodowntime.redis;

import static io.zerodowntime.redis.RedisClients.KEY;
import static io.zerodowntime.redis.RedisClients.awaitStored;
import static io.zerodowntime.redis.RedisClients.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.redis.client.Command;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a connection with TLS is made to the right server only. */
@RequiresRedis
@Execution(ExecutionMode.CONCURRENT)
class RedisTlsTest {
  @TempDir Path directory;

  private final RedisClients clients = new RedisClients();

  @AfterEach
  void close() throws Exception {
    clients.close();
  }

  @Test
  void verifiesTheServerAndShowsItsOwnCertificate() throws Exception {
    certificates(directory);
    int port = RedisServer.freePort();
    tlsServer(port);
    Redis redis = clients.client(url("localhost", port, directory) + own());
    awaitStored(redis);

    assertThat(get(redis, KEY, 100)).isEqualTo("value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"no certificate of its own", "another authority", "another name"})
  void doesNotConnectOtherwise(String fault) throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    certificates(directory);
    certificates(other);
    int port = RedisServer.freePort();
    tlsServer(port);
    awaitStored(clients.client(url("localhost", port, directory) + own()));
    RedisLink refused =
        clients.link(
            switch (fault) {
              case "another authority" -> url("localhost", port, other) + own();
              case "another name" -> url("127.0.0.1", port, directory) + own();
              default -> url("localhost", port, directory);
            });

    CompletableFuture<Response> answer =
        refused
            .send(Request.cmd(Command.PING), () -> true)
            .toCompletionStage()
            .toCompletableFuture();
    assertThatThrownBy(answer::get).isInstanceOf(ExecutionException.class);
    Timeouts.await().until(refused::isDead);
  }

  private void tlsServer(int port) {
    String at = directory + "/";
    clients.server(
        port,
        "--port",
        "0",
        "--tls-port",
        String.valueOf(port),
        "--tls-cert-file",
        at + "server.pem",
        "--tls-key-file",
        at + "server.key",
        "--tls-ca-cert-file",
        at + "ca.pem",
        "--requirepass",
        "secret");
  }

  private static String url(String host, int port, Path authority) {
    return "rediss://:secret@" + host + ":" + port + "?sslrootcert=" + authority + "/ca.pem";
  }

  private String own() {
    return "&sslcert=" + directory + "/client.pem&sslkey=" + directory + "/client.key";
  }

  /**
   * An authority, and a certificate of it for the server {@code localhost} and one for a client.
   */
  private static void certificates(Path to) throws Exception {
    openssl(
        to,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=ca",
        "-days",
        "2");
    Files.writeString(to.resolve("names"), "subjectAltName=DNS:localhost");
    for (String name : List.of("server", "client")) {
      openssl(
          to,
          "req",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-keyout",
          name + ".key",
          "-out",
          name + ".csr",
          "-subj",
          "/CN=" + name);
      openssl(
          to,
          "x509",
          "-req",
          "-in",
          name + ".csr",
          "-CA",
          "ca.pem",
          "-CAkey",
          "ca.key",
          "-CAcreateserial",
          "-out",
          name + ".pem",
          "-days",
          "2",
          "-extfile",
          "names");
    }
  }

  private static void openssl(Path directory, String... arguments) throws Exception {
    List<String> line = new ArrayList<>(List.of("openssl"));
    line.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(line)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.txt").toFile())
            .start();
    assertThat(process.waitFor()).as(String.join(" ", line)).isZero();
  }
}
