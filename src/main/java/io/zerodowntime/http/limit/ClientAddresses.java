package io.zerodowntime.http.limit;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Tells from which address a request comes: that of the connection, unless the connection is of a
 * proxy that {@code TRUSTED_PROXIES} names. Then it is the last address in the one header that
 * these proxies write that is none of theirs: what stands before it was written by the client.
 */
@Singleton
class ClientAddresses {
  private static final String X_FORWARDED_FOR = "x-forwarded-for";
  private static final String FORWARDED = "forwarded";

  /** Requests over a socket without an address share one limit. */
  private static final String UNKNOWN = "unknown";

  /** A chain of proxies is short; the rest of a longer header is the client's. */
  private static final int LONGEST_CHAIN = 16;

  private final List<AddressRange> proxies;
  private final String header;

  ClientAddresses(
      @ConfigProperty(name = "client.trusted-proxies") Optional<List<String>> proxies,
      @ConfigProperty(name = "client.forwarded-header") String header) {
    this.proxies = proxies.orElse(List.of()).stream().map(ClientAddresses::range).toList();
    this.header = header.toLowerCase(Locale.ROOT);
    if (!List.of(X_FORWARDED_FOR, FORWARDED).contains(this.header)) {
      throw new ConfigurationException(
          "FORWARDED_HEADER must be X-Forwarded-For or Forwarded, and is " + header);
    }
  }

  private static AddressRange range(String text) {
    return AddressRange.parse(text.strip())
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "TRUSTED_PROXIES must be addresses or ranges like 10.0.0.0/8, and has "
                        + text));
  }

  /** The address; of IPv6 the network of 64 bits, as one client has all of its addresses. */
  String of(HttpServerRequest request) {
    SocketAddress remote = request.remoteAddress();
    String peer = remote == null ? null : remote.hostAddress();
    Optional<AddressRange> address = peer == null ? Optional.empty() : AddressRange.parse(peer);
    if (address.isEmpty()) {
      return UNKNOWN;
    }
    AddressRange client = address.get();
    List<String> hops = isProxy(client) ? hops(request) : List.of();
    for (int i = hops.size() - 1; i >= 0 && isProxy(client); i--) {
      Optional<AddressRange> hop = AddressRange.parse(hops.get(i));
      if (hop.isEmpty()) {
        break;
      }
      client = hop.get();
    }
    return client.network();
  }

  private boolean isProxy(AddressRange address) {
    return proxies.stream().anyMatch(range -> range.contains(address));
  }

  /** The last addresses of the header, in its order. */
  private List<String> hops(HttpServerRequest request) {
    List<String> hops = new ArrayList<>();
    for (String line : request.headers().getAll(header)) {
      for (String hop : line.split(",", -1)) {
        hops.add(address(header.equals(FORWARDED) ? parameter(hop) : hop.strip()));
      }
    }
    return hops.subList(Math.max(0, hops.size() - LONGEST_CHAIN), hops.size());
  }

  /** The value of {@code for} (RFC 7239); empty if there is none. */
  private static String parameter(String element) {
    for (String pair : element.split(";", -1)) {
      String text = pair.strip();
      if (text.regionMatches(true, 0, "for=", 0, 4)) {
        return text.substring(4).strip().replace("\"", "");
      }
    }
    return "";
  }

  /** Without a port, and without the brackets of IPv6. */
  private static String address(String text) {
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      return end < 0 ? "" : text.substring(1, end);
    }
    int colon = text.indexOf(':');
    return colon >= 0 && colon == text.lastIndexOf(':') ? text.substring(0, colon) : text;
  }
}
