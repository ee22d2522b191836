// The writer of the conformance suite (helpers/README.md): commands in lines of words, an answer each.
'use strict';

const readline = require('node:readline');
const { Pool } = require('pg');
const { Fence } = require('./fence.js');

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 2, connectionTimeoutMillis: 30000 });
pool.on('error', () => {}); // of an idle connection: the pool opens another one
let transaction; // the connection of an open one
const session = { query: (...statement) => (transaction || pool).query(...statement) };
const store = require('../../examples/node-service/fenced.js')(session);
const fence = new Fence('shop-order-status');

async function end(how) {
  await transaction.query(how).finally(() => transaction.release());
  transaction = undefined;
  return how;
}

const commands = {
  create: async (status) => (await store.create(7, 12.5, status)).id,
  change: async (id, status) => (await store.change(id, status))?.id,
  read: async (id) => (await store.read(id))?.status,
  heartbeat: async (instance, phase) => {
    await fence.heartbeat(session, instance, Number(phase));
    return instance;
  },
  begin: async (...level) => {
    transaction = await pool.connect();
    await transaction.query(`BEGIN ISOLATION LEVEL ${level.join(' ')}`);
    return level.join(' ');
  },
  commit: () => end('COMMIT'),
  rollback: () => end('ROLLBACK'),
};

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, ...words] = line.split(' ');
    const answer = await commands[command](...words)
      .then((value) => (value === undefined ? 'none' : `ok ${value}`), (error) => `error ${error.message}`);
    console.log(answer.replaceAll('\n', ' '));
  }
  process.exit();
})();
