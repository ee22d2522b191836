package io.zerodowntime.scenario;

import io.zerodowntime.migration.Phase;

/**
 * What a writer saw of a migration.
 *
 * @param renamed whether the old columns were dropped, and the new one has the old one's name
 */
record InForce(Phase phase, boolean renamed) {
  boolean readsNew() {
    return phase.readsNew();
  }

  boolean writesOld() {
    return phase.writesOld();
  }

  boolean writesNew() {
    return phase.writesNew();
  }
}
