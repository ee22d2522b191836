package io.zerodowntime.fault;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The network between the service and its database. It can swallow all that is sent in either
 * direction, the end of a connection included, as a black hole does.
 */
final class TcpProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private boolean swallowing;

  /**
   * @param target a port on this machine
   */
  TcpProxy(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** How many connections are open. */
  int connections() {
    return links.size();
  }

  /** From now on nothing arrives. */
  synchronized void swallow() {
    swallowing = true;
  }

  /**
   * What was held back arrives, and all that follows.
   *
   * @param lost the connections of now stay silent forever, only new ones work: the network has
   *     forgotten them
   */
  synchronized void forward(boolean lost) {
    swallowing = false;
    links.forEach(link -> link.lost = lost);
    notifyAll();
  }

  private synchronized void awaitForwarding() throws InterruptedException {
    while (swallowing) {
      wait();
    }
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      client.setTcpNoDelay(true);
      try {
        connect(client);
      } catch (IOException refused) {
        // close() sends RST, as a host does on a port where nothing listens
        client.setSoLinger(true, 0);
        client.close();
      }
    }
  }

  private void connect(Socket client) throws IOException {
    Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
    server.setTcpNoDelay(true);
    Link link = new Link(client, server);
    links.add(link);
    daemon(() -> link.pump(client, server));
    daemon(() -> link.pump(server, client));
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void daemon(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException | InterruptedException closed) {
                // the end of every connection
              }
            },
            "proxy");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Link link : links) {
      link.close();
    }
  }

  private final class Link {
    private final Socket client;
    private final Socket server;
    private volatile boolean lost;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    private void pump(Socket from, Socket to) throws IOException, InterruptedException {
      try {
        InputStream in = from.getInputStream();
        byte[] buffer = new byte[65_536];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          awaitForwarding();
          if (!lost) {
            to.getOutputStream().write(buffer, 0, n);
          }
        }
      } finally {
        awaitForwarding();
        // the service hears nothing of a lost connection; when the service closes it, it is over
        if (!lost || from.equals(client)) {
          close();
        }
      }
    }

    private void close() throws IOException {
      links.remove(this);
      client.close();
      server.close();
    }
  }
}
