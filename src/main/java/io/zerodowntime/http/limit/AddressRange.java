package io.zerodowntime.http.limit;

import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An address, or a range of them, of IPv4 or IPv6. No name is ever looked up.
 *
 * @param bytes 4 or 16 of them; IPv4 within IPv6 counts as IPv4
 * @param bits how many of them are fixed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record AddressRange(byte[] bytes, int bits) {
  private static final int NETWORK_BYTES = 8;

  /** Reads {@code 10.0.0.0/8}, {@code 10.1.2.3}, {@code fd00::/8}; empty if it is anything else. */
  static Optional<AddressRange> parse(String text) {
    int slash = text.indexOf('/');
    byte @Nullable [] bytes = bytes(slash < 0 ? text : text.substring(0, slash));
    if (bytes == null) {
      return Optional.empty();
    }
    int all = bytes.length * Byte.SIZE;
    if (slash < 0) {
      return Optional.of(new AddressRange(bytes, all));
    }
    String bits = text.substring(slash + 1);
    return bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= all
        ? Optional.of(new AddressRange(bytes, Integer.parseInt(bits)))
        : Optional.empty();
  }

  private static byte @Nullable [] bytes(String text) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
    if (bytes == null) {
      return null;
    }
    try {
      InetAddress address = InetAddress.getByAddress(bytes);
      return address instanceof Inet4Address ? address.getAddress() : bytes;
    } catch (UnknownHostException e) {
      return null;
    }
  }

  /** Whether the address is in this range. */
  boolean contains(AddressRange address) {
    if (address.bytes.length != bytes.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += Byte.SIZE) {
      int mask = bits - bit >= Byte.SIZE ? 0xff : 0xff << (Byte.SIZE - (bits - bit));
      if (((bytes[bit / Byte.SIZE] ^ address.bytes[bit / Byte.SIZE]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Names the address of IPv4, or the network of IPv6 that has its first 64 bits. */
  String network() {
    return HexFormat.of()
        .formatHex(bytes.length > NETWORK_BYTES ? Arrays.copyOf(bytes, NETWORK_BYTES) : bytes);
  }
}
