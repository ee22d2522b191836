package io.zerodowntime.http.login;

import jakarta.inject.Singleton;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Which roles of the issuer stand for which roles of this program. */
@Singleton
class Roles {
  static final String VIEWER = "viewer";
  static final String OPERATOR = "operator";
  static final String CLIENT = "client";

  private final Set<String> viewers;
  private final Set<String> operators;
  private final Set<String> clients;

  Roles(
      @ConfigProperty(name = "login.viewer-roles") Optional<List<String>> viewers,
      @ConfigProperty(name = "login.operator-roles") Optional<List<String>> operators,
      @ConfigProperty(name = "login.client-roles") Optional<List<String>> clients) {
    this.viewers = Set.copyOf(viewers.orElse(List.of()));
    this.operators = Set.copyOf(operators.orElse(List.of()));
    this.clients = Set.copyOf(clients.orElse(List.of()));
  }

  /** The roles of this program that a token with these roles of the issuer has. */
  Set<String> of(Set<String> issuers) {
    Set<String> roles = new HashSet<>();
    if (!Collections.disjoint(issuers, operators)) {
      roles.addAll(Set.of(OPERATOR, VIEWER, CLIENT));
    }
    if (!Collections.disjoint(issuers, viewers)) {
      roles.add(VIEWER);
    }
    if (clients.isEmpty() || !Collections.disjoint(issuers, clients)) {
      roles.add(CLIENT);
    }
    return roles;
  }
}
