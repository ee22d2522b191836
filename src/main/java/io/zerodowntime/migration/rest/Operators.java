package io.zerodowntime.migration.rest;

import io.zerodowntime.http.login.Subject;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Actor.Login;
import jakarta.ws.rs.core.SecurityContext;

/** Who calls, for the history. */
final class Operators {
  private Operators() {}

  static Actor of(SecurityContext who) {
    Subject subject = Subject.of(who.getUserPrincipal());
    return new Actor(
        subject.issuer().isPresent() ? Login.TOKEN : Login.PASSWORD, subject.id(), subject.name());
  }
}
