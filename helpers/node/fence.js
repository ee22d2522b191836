// Statements of Node's pg that act by the phase in force (docs/protocol.md#the-fence). Copy it.
'use strict';

const ATTEMPTS = 10;
const UNDEFINED_COLUMN = '42703';

class Fence {
  /** migration: its name, as in its definition. */
  constructor(migration) {
    if (!/^[a-z][a-z0-9-]*$/.test(migration)) throw new Error(`not a migration's name: ${migration}`);
    this.migration = migration;
    this.state = `(SELECT phase FROM migration_state WHERE name = '${migration}'
      AND current_setting('transaction_isolation') = 'read committed')`;
    this.seen = 0; // the phase seen last: a guess, which each statement checks
  }

  /**
   * Sends the statement of the phase in force and gives its rows; none if none matched.
   * `variants` are four, by phase: each takes its rows FROM fence, which is empty in every other
   * phase, and returns what it wrote or read. `client` is a pool or a client, at READ COMMITTED.
   * Any other failure is the caller's: it is not known here whether a statement may be sent twice.
   */
  async send(client, variants, values) {
    let failed; // the phase whose variant named a column that is not there
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const phase = this.seen;
      try {
        const { rows } = await client.query(this.statement(variants[phase], phase), values);
        if (rows[0].in_force === null) throw new Error('the migration is not registered, or not at READ COMMITTED');
        if (rows[0].in_force === phase) return rows.filter((row) => row.matched).map(({ in_force, matched, ...row }) => row);
        this.seen = rows[0].in_force;
      } catch (error) {
        if (error.code !== UNDEFINED_COLUMN || phase === 3 || phase === failed) throw error;
        failed = phase;
        this.seen = 3; // dropped, perhaps: the variant of phase 3 tells
      }
    }
    throw new Error('the phase keeps changing');
  }

  /** One snapshot gives phase and rows. */
  statement(variant, phase) {
    if (!/\bfence\b/.test(variant)) throw new Error(`not behind the fence: ${variant}`);
    return `WITH fence AS (SELECT 1 WHERE ${this.state} = ${phase}), written AS (${variant})
      SELECT now.phase AS in_force, found.* FROM (SELECT ${this.state} AS phase) AS now
      LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true`;
  }

  /** Optional: until some seconds after the last one, no step is taken that this instance does not ask for. */
  async heartbeat(client, instance, phase) {
    await client.query(`INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)
      VALUES ('${this.migration}', $1, $2, 3, 'helper') ON CONFLICT (migration, instance) DO UPDATE
      SET requested_phase = excluded.requested_phase, heartbeat_at = now()`, [instance, phase]);
  }
}

module.exports = { Fence };
