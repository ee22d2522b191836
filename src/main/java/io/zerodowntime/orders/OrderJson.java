package io.zerodowntime.orders;

/**
 * An order's JSON, made by PostgreSQL: one format for a new order, its replay, and every read.
 * Field order and time format are fixed, so that equal orders are equal bytes.
 */
final class OrderJson {
  private static final String HEAD = "{\"id\":";

  private OrderJson() {}

  /**
   * A SQL expression of type text.
   *
   * @param id SQL of type bigint, as for the other columns
   * @param status SQL of type text; it may be NULL and hold any character
   */
  static String sql(String id, String userId, String amount, String status, String createdAt) {
    return """
    '%s' || %s || ',"userId":' || %s || ',"amount":' || (%s)::numeric(12, 2)
      || ',"status":' || coalesce(to_json(%s)::text, 'null') || ',"createdAt":"'
      || to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}'"""
        .formatted(HEAD, id, userId, amount, status, createdAt);
  }

  /** Where the order of such a text is found. */
  static String location(String json) {
    return "/orders/" + json.substring(HEAD.length(), json.indexOf(','));
  }
}
