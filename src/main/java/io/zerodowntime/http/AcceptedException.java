package io.zerodowntime.http;

/** Ends a request with 202: its work goes on. */
final class AcceptedException extends RuntimeException {
  private final String location;

  AcceptedException(String location) {
    super("accepted", null, false, false);
    this.location = location;
  }

  /** Where the client sees what became of it. */
  String location() {
    return location;
  }
}
