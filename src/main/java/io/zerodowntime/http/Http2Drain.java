package io.zerodowntime.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Ends an HTTP/2 connection without losing a stream (RFC 9113, 6.8): a first GOAWAY names the
 * highest stream there can be, so the client begins nothing new while everything that it has sent
 * is answered. The last GOAWAY and the close follow when no stream was open for a second.
 *
 * <p>Java's HttpClient before 17.0.17, 21.0.8 and 25 takes any GOAWAY as the failure of all its
 * streams (JDK-8335181), so it gets none while it has any.
 */
final class Http2Drain {
  private static final Pattern JAVA =
      Pattern.compile("Java-http-client/(\\d+)(?:\\.0\\.(\\d+))?.*");
  private static final long NO_ERROR = 0;
  private static final int QUIET_LOOKS = 4;

  /** How long streams that begin at the last moment may take to end. */
  private static final long IN_FLIGHT_MILLIS = 10_000;

  private final HttpConnection connection;
  private final Channel channel;
  private final boolean understandsGoAway;
  private boolean announced;
  private int quietLooks;
  private int newest;

  Http2Drain(HttpConnection connection, String userAgent) {
    this.connection = connection;
    this.channel = ((ConnectionBase) connection).channel();
    this.understandsGoAway = understandsGoAway(userAgent);
  }

  static boolean understandsGoAway(String userAgent) {
    Matcher java = JAVA.matcher(userAgent == null ? "" : userAgent);
    if (!java.matches()) {
      return true;
    }
    int feature = Integer.parseInt(java.group(1));
    int update = java.group(2) == null ? 0 : Integer.parseInt(java.group(2));
    return feature >= 25 || (feature == 17 && update >= 17) || (feature == 21 && update >= 8);
  }

  void onClose(Runnable action) {
    channel.closeFuture().addListener(closed -> action.run());
  }

  /** Tells the client to begin no stream any more. */
  synchronized void announce() {
    if (understandsGoAway && !announced) {
      announced = true;
      connection.goAway(NO_ERROR, Integer.MAX_VALUE);
    }
  }

  /**
   * Closes the connection if nothing happened on it since some looks; to be called now and then.
   */
  void check() {
    channel.eventLoop().execute(this::closeIfQuiet);
  }

  private void closeIfQuiet() {
    Http2ConnectionHandler handler = channel.pipeline().get(Http2ConnectionHandler.class);
    if (handler == null) {
      return;
    }
    Http2Connection streams = handler.connection();
    boolean quiet =
        streams.numActiveStreams() == 0 && streams.remote().lastStreamCreated() == newest;
    newest = streams.remote().lastStreamCreated();
    quietLooks = quiet ? quietLooks + 1 : 0;
    if (quietLooks == QUIET_LOOKS) {
      connection.goAway(NO_ERROR);
      connection.shutdown(IN_FLIGHT_MILLIS);
    }
  }
}
