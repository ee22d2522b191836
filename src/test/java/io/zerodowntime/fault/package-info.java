/**
 * The packaged program under faults of its database, its network and its clients. {@code FaultIT}
 * runs each {@code Fault} on an {@code Installation} of its own, while a {@code Load} sends every
 * {@code Call}; {@code OutcomeCheck} judges what came back and {@code Report} writes the tables of
 * {@code docs/resilience.md}.
 */
package io.zerodowntime.fault;
