/**
 * Who calls: the users of the configuration, by a password, and the subjects of an issuer, by a
 * token. Tokens are off unless {@code OIDC_ISSUER_URL} names an issuer. It delegates the check of a
 * token to Quarkus, bounds how long that may wait for the issuer, and maps the issuer's roles to
 * those of this program.
 */
@NullMarked
package io.zerodowntime.http.login;

import org.jspecify.annotations.NullMarked;
