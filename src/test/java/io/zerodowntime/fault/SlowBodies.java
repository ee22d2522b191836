package io.zerodowntime.fault;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Clients that send half of a request's body and then nothing. */
final class SlowBodies implements Fault {
  private static final int CLIENTS = 600;
  private static final String HALF =
      """
      POST /orders HTTP/1.1\r
      Host: localhost\r
      Content-Type: application/json\r
      Content-Length: 60\r
      \r
      {"userId":1,"amount":12.5,\
      """;

  private final List<Socket> sockets = new ArrayList<>();
  private int answered;

  @Override
  public String name() {
    return CLIENTS + " clients with half a body";
  }

  @Override
  public Set<Call> undisturbed() {
    return Call.PROBES;
  }

  @Override
  public void start(Installation installation, Load load) throws IOException {
    for (int i = 0; i < CLIENTS; i++) {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), installation.port());
      sockets.add(socket);
      socket.getOutputStream().write(HALF.getBytes(StandardCharsets.US_ASCII));
    }
  }

  @Override
  public void stop(Installation installation) throws IOException {
    for (Socket socket : sockets) {
      answered += socket.getInputStream().available() > 0 ? 1 : 0;
      socket.close();
    }
  }

  @Override
  public String remark() {
    return answered + " of them answered";
  }
}
