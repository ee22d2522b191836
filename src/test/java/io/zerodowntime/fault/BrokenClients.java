package io.zerodowntime.fault;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that connect and say nothing, close their half of the connection in the middle of a
 * request, or reset the connection as soon as they have sent one.
 */
final class BrokenClients implements Fault {
  private static final int SILENT = 100;
  private static final Duration PAUSE = Duration.ofMillis(2);
  private static final String HEAD = "POST /orders HTTP/1.1\r\nHost: localhost\r\n";
  private static final String BODY = "{\"userId\":1,\"amount\":12.5,\"status\":\"paid\"}";
  private static final String WHOLE =
      HEAD
          + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n".formatted(BODY.length())
          + BODY;

  private final List<Socket> silent = new ArrayList<>();
  private final AtomicInteger broken = new AtomicInteger();
  private volatile boolean stopping;
  private Thread resetting;

  @Override
  public String name() {
    return "half-open and aborted clients";
  }

  @Override
  public Set<Call> undisturbed() {
    return Call.PROBES;
  }

  @Override
  public void start(Installation installation, Load load) throws IOException {
    for (int i = 0; i < SILENT; i++) {
      silent.add(open(installation.port()));
    }
    resetting = new Thread(() -> breakOff(installation.port()), "aborting clients");
    resetting.start();
  }

  private static Socket open(int port) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), port);
  }

  private void breakOff(int port) {
    while (!stopping) {
      try (Socket half = open(port);
          Socket reset = open(port)) {
        half.getOutputStream().write(HEAD.getBytes(StandardCharsets.US_ASCII));
        half.shutdownOutput();
        reset.getOutputStream().write(WHOLE.getBytes(StandardCharsets.US_ASCII));
        // close() sends RST
        reset.setSoLinger(true, 0);
        broken.addAndGet(2);
      } catch (IOException refused) {
        // the other clients show whether the service still takes connections
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  @Override
  public void stop(Installation installation) throws IOException, InterruptedException {
    stopping = true;
    resetting.join();
    for (Socket socket : silent) {
      socket.close();
    }
  }

  @Override
  public String remark() {
    return broken.get() + " requests broken off";
  }
}
