package io.zerodowntime.testing;

import io.restassured.RestAssured;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A connection on which a test sends bytes as it likes, HTTP or not. */
public final class RawHttp implements Closeable {
  private final Socket socket;

  public RawHttp() throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port);
    socket.setSoTimeout((int) Timeouts.LIMIT.toMillis());
    socket.setTcpNoDelay(true);
  }

  public RawHttp send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public RawHttp send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** One answer: its head, and as much of its body as the head says. */
  public String answer() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int next = socket.getInputStream().read(); next >= 0; ) {
      text.append((char) next);
      int end = text.indexOf("\r\n\r\n");
      if (end >= 0 && text.length() >= end + 4 + length(text)) {
        return text.toString();
      }
      next = socket.getInputStream().read();
    }
    return text.toString();
  }

  private static int length(StringBuilder text) {
    String head = text.toString().toLowerCase(java.util.Locale.ROOT);
    int at = head.indexOf("content-length: ");
    return at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at)));
  }

  /** Reads until the server closes the connection, or says nothing for the time given. */
  public String rest(int quietMillis) throws IOException {
    StringBuilder text = new StringBuilder();
    socket.setSoTimeout(quietMillis);
    try {
      for (int next = socket.getInputStream().read(); next >= 0; ) {
        text.append((char) next);
        next = socket.getInputStream().read();
      }
    } catch (SocketTimeoutException quiet) {
      return text.toString();
    }
    return text.append("<closed>").toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
