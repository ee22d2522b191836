package io.zerodowntime.fault;

import io.vertx.core.http.HttpMethod;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/** The calls whose answers are judged. */
enum Call {
  CREATE,
  KEYED_CREATE,
  UPDATE,
  KEYED_UPDATE,
  READ,
  LIST,
  SHADOW,
  STATUS,
  READINESS,
  /** Calls that a fault itself sends: updates of a row that is locked. */
  LOCKED_UPDATE;

  /** What every load sends. */
  static final Set<Call> PROBES = EnumSet.complementOf(EnumSet.of(LOCKED_UPDATE));

  static final Set<Call> WRITES = EnumSet.of(CREATE, KEYED_CREATE, UPDATE, KEYED_UPDATE);

  /** As the report's columns are named. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /**
   * A new request of this kind.
   *
   * @param order the order that it reads or changes
   * @param value a number that no other request has: the user of a new order, or its new status
   */
  Request request(long order, long value) {
    String one = "/orders/" + order;
    String key = UUID.randomUUID().toString();
    return switch (this) {
      case CREATE -> create(value, null);
      case KEYED_CREATE -> create(value, key);
      case UPDATE, LOCKED_UPDATE -> update(order, value, null);
      case KEYED_UPDATE -> update(order, value, key);
      case READ -> read(one);
      case LIST -> read("/orders?status=paid&limit=20");
      case SHADOW -> read(one + "/shadow");
      case STATUS -> read("/migrations/orders-status");
      case READINESS -> read("/q/health/ready");
    };
  }

  private Request create(long user, String key) {
    String body = "{\"userId\":%d,\"amount\":12.5,\"status\":\"paid\"}".formatted(user);
    return new Request(this, HttpMethod.POST, "/orders", body, key, user, "paid");
  }

  private Request update(long order, long value, String key) {
    String status = "s" + value;
    String body = "{\"status\":\"%s\"}".formatted(status);
    return new Request(this, HttpMethod.PATCH, "/orders/" + order, body, key, order, status);
  }

  private Request read(String path) {
    return new Request(this, HttpMethod.GET, path, null, null, 0, null);
  }
}
