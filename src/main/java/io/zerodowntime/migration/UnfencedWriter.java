package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.OffsetDateTime;

/**
 * Who wrote one side of a row only, as the triggers of {@link Sync#DETECT} saw it.
 *
 * @param application the session's {@code application_name}; {@code -} for none
 * @param role the role that logged in
 * @param statement the text of the statement, without its literals, at most 200 characters
 * @param firstAt when it was seen first, by the database's clock
 * @param lastAt when it was seen last; two sightings are a second apart at least
 */
@RegisterForReflection
public record UnfencedWriter(
    String application,
    String role,
    String statement,
    OffsetDateTime firstAt,
    OffsetDateTime lastAt) {}
