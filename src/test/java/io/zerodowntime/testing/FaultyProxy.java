package io.zerodowntime.testing;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The wire between the service and its database; a test can cut it at a statement. */
@Singleton
public class FaultyProxy {
  private final Optional<Integer> port;
  private final Optional<Integer> database;
  private final AtomicReference<Cut> next = new AtomicReference<>();
  private final AtomicInteger cuts = new AtomicInteger();
  private final LongAdder statements = new LongAdder();
  private ServerSocket server;

  FaultyProxy(
      @ConfigProperty(name = EngineResource.WIRE) Optional<Integer> port,
      @ConfigProperty(name = EngineResource.PORT) Optional<Integer> database) {
    this.port = port;
    this.database = database;
  }

  /** Where the statement that names the marker is lost. */
  public enum Loss {
    /** It never reaches the database. */
    STATEMENT,
    /** The database has done it; the client gets no answer. */
    ANSWER
  }

  /** The next message to the database that contains {@code marker} cuts its connection. */
  public void cut(String marker, Loss loss) {
    cuts.set(0);
    next.set(new Cut(marker, loss));
  }

  /** How many statements were sent so far. */
  public long statements() {
    return statements.sum();
  }

  /** How many connections were cut since the last call of {@link #cut}. */
  public int cuts() {
    return cuts.get();
  }

  void start(@Observes @Priority(1) StartupEvent event) throws IOException {
    if (port.isPresent()) {
      server = new ServerSocket(port.get(), 200, InetAddress.getLoopbackAddress());
      daemon(this::accept);
    }
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) throws IOException {
    if (server != null) {
      server.close();
    }
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = server.accept();
      Socket upstream = new Socket(InetAddress.getLoopbackAddress(), database.orElseThrow());
      client.setTcpNoDelay(true);
      upstream.setTcpNoDelay(true);
      Connection connection = new Connection(client, upstream);
      daemon(connection::forward);
      daemon(connection::back);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void daemon(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException closed) {
                // the end of every connection
              }
            },
            "wire");
    thread.setDaemon(true);
    thread.start();
  }

  private record Cut(String marker, Loss loss) {}

  private final class Connection {
    private final Socket client;
    private final Socket upstream;
    private volatile boolean answerLost;

    Connection(Socket client, Socket upstream) {
      this.client = client;
      this.upstream = upstream;
    }

    void forward() throws IOException {
      try (client;
          upstream) {
        InputStream in = client.getInputStream();
        byte[] buffer = new byte[65_536];
        FrontendMessages messages = new FrontendMessages();
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          if (isLost(buffer, n)) {
            return;
          }
          statements.add(messages.statements(buffer, n));
          upstream.getOutputStream().write(buffer, 0, n);
        }
      }
    }

    private boolean isLost(byte[] buffer, int length) {
      Cut cut = next.get();
      if (cut == null
          || !new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains(cut.marker())
          || !next.compareAndSet(cut, null)) {
        return false;
      }
      cuts.incrementAndGet();
      answerLost = cut.loss() == Loss.ANSWER;
      return cut.loss() == Loss.STATEMENT;
    }

    void back() throws IOException {
      try (client;
          upstream) {
        InputStream in = upstream.getInputStream();
        byte[] buffer = new byte[65_536];
        for (int n = in.read(buffer); n >= 0 && !answerLost; n = in.read(buffer)) {
          client.getOutputStream().write(buffer, 0, n);
        }
      }
    }
  }
}
