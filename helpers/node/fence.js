// Statements of Node's pg that act by the phase in force (docs/protocol.md#the-fence). Copy it.
'use strict';

const ATTEMPTS = 10;
const UNDEFINED_COLUMN = '42703';

class Fence {
  /** migration: its name, as in its definition. */
  constructor(migration) {
    if (!/^[a-z][a-z0-9-]*$/.test(migration)) throw new Error(`not a migration's name: ${migration}`);
    this.state = `(SELECT phase FROM migration_state WHERE name = '${migration}'
      AND current_setting('transaction_isolation') = 'read committed')`;
    this.seen = 0; // the phase seen last: a guess, which each statement checks
  }

  /**
   * Sends the statement of the phase in force and gives its rows; none if none matched.
   * `variants` are four, by phase: each takes its rows FROM fence, which is empty in every other
   * phase, and returns what it wrote or read. `client` is a pool or a client, at READ COMMITTED.
   */
  async send(client, variants, values) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const phase = this.seen;
      const rows = await client.query(this.statement(variants[phase], phase), values)
        .then((answer) => answer.rows, (error) => this.afterDrop(client, phase, error));
      if (rows[0].in_force === null) throw new Error('the migration is not registered, or not at READ COMMITTED');
      if (rows[0].in_force === phase) return rows.filter((row) => row.matched);
      this.seen = rows[0].in_force;
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

  /** A guess that is older than the drop names the old column, which is gone. */
  async afterDrop(client, phase, error) {
    if (error.code !== UNDEFINED_COLUMN || phase === 3) throw error;
    const { rows } = await client.query(`SELECT ${this.state} AS in_force`);
    if (rows[0].in_force === phase) throw error;
    return rows;
  }
}

module.exports = { Fence };
