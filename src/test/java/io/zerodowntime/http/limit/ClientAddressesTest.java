package io.zerodowntime.http.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that no client chooses the address that it is counted by. */
class ClientAddressesTest {
  private static final String PROXY = "10.0.0.1";

  @Test
  void believesNoHeaderUnlessAProxyIsTrusted() {
    ClientAddresses addresses = new ClientAddresses(Optional.empty(), "X-Forwarded-For");

    assertThat(addresses.of(request("203.0.113.9", "X-Forwarded-For", "198.51.100.1")))
        .isEqualTo(addresses.of(request("203.0.113.9", "Forwarded", "for=198.51.100.2")))
        .isEqualTo("cb007109");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        // of another peer than the proxy; one hop; what the client wrote before it; two proxies
        "203.0.113.9; 198.51.100.1; 203.0.113.9",
        "10.0.0.1; 198.51.100.1; 198.51.100.1",
        "10.0.0.1; 6.6.6.6, 198.51.100.1; 198.51.100.1",
        "10.0.0.1; 6.6.6.6, 198.51.100.1, 10.0.0.2; 198.51.100.1",
        "10.0.0.1; 198.51.100.1:4711; 198.51.100.1",
        "10.0.0.1; ::ffff:198.51.100.1; 198.51.100.1",
        // none, and nonsense: the proxy itself
        "10.0.0.1; ''; 10.0.0.1",
        "10.0.0.1; unknown; 10.0.0.1",
        "10.0.0.1; localhost; 10.0.0.1",
      })
  void takesTheLastHopThatIsNoProxy(String peer, String header, String client) {
    ClientAddresses addresses =
        new ClientAddresses(Optional.of(List.of("10.0.0.0/8")), "X-Forwarded-For");

    assertThat(addresses.of(request(peer, "X-Forwarded-For", header)))
        .isEqualTo(addresses.of(request(client, "X", "")));
  }

  @Test
  void readsForwardedOnlyWhereTheProxyWritesIt() {
    ClientAddresses addresses = new ClientAddresses(Optional.of(List.of(PROXY)), "Forwarded");
    String forwarded = "for=6.6.6.6, proto=https; For=\"[2001:db8:1:2::3]:4711\"";

    assertThat(addresses.of(request(PROXY, "Forwarded", forwarded))).isEqualTo("20010db800010002");
    assertThat(addresses.of(request(PROXY, "X-Forwarded-For", "6.6.6.6"))).isEqualTo("0a000001");
  }

  @Test
  void aClientHasAllAddressesOfItsNetwork() {
    ClientAddresses addresses = new ClientAddresses(Optional.empty(), "X-Forwarded-For");

    assertThat(addresses.of(request("2001:db8:1:2::3", "X", "")))
        .isEqualTo(addresses.of(request("2001:db8:1:2:ffff::4", "X", "")))
        .isNotEqualTo(addresses.of(request("2001:db8:1:3::3", "X", "")));
  }

  @ParameterizedTest
  @CsvSource({"10.0.0.0/33", "10.0.0/8", "proxy.example", "10.0.0.0/", "fd00::/129"})
  void refusesAMalformedProxy(String range) {
    assertThatThrownBy(() -> new ClientAddresses(Optional.of(List.of(range)), "Forwarded"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("TRUSTED_PROXIES must be addresses or ranges")
        .hasMessageContaining(range);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.1.2, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "10.0.0.0/9, 10.128.0.0, false",
    "10.0.0.0/15, 10.1.0.0, true",
    "10.0.0.0/15, 10.2.0.0, false",
    "0.0.0.0/0, 10.2.0.0, true",
    "0.0.0.0/0, fd00::1, false",
    "fd00::/7, fc00::1, true",
  })
  void aRangeHasItsAddresses(String range, String address, boolean in) {
    assertThat(
            AddressRange.parse(range)
                .orElseThrow()
                .contains(AddressRange.parse(address).orElseThrow()))
        .isEqualTo(in);
  }

  private static HttpServerRequest request(String peer, String header, String value) {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap().add(header, value);
    return (HttpServerRequest)
        Proxy.newProxyInstance(
            ClientAddressesTest.class.getClassLoader(),
            new Class<?>[] {HttpServerRequest.class},
            (proxy, method, arguments) ->
                method.getName().equals("headers")
                    ? headers
                    : SocketAddress.inetSocketAddress(4711, peer));
  }
}
