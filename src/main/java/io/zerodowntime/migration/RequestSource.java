package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import java.util.Optional;

/** Where the requests of this instance come from. */
public interface RequestSource {

  /** Reads again and gives the last valid request; empty if there never was one. Never fails. */
  Uni<Optional<Phase>> refresh(Migration migration);
}
