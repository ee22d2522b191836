// Checks fence.js against the empty database that DATABASE_URL names; k6/rehearse-check.sh runs it.
'use strict';

const assert = require('node:assert/strict');
const { Pool } = require('pg');
const { Fence } = require('./fence.js');

const TABLES = `
  CREATE TABLE migration_state (name text PRIMARY KEY, phase smallint NOT NULL);
  CREATE TABLE document (id bigint PRIMARY KEY, old_kind text, kind text);
  INSERT INTO document VALUES (1, 'FIRST', NULL)`;
const SETS = ['old_kind = upper($2)', 'old_kind = upper($2), kind = $2', 'old_kind = upper($2), kind = $2', 'kind = $2'];
const CHANGE = SETS.map((set) => `UPDATE document SET ${set} FROM fence WHERE id = $1 RETURNING to_json(document) AS row`);
const READ = ['old_kind', 'old_kind', 'kind', 'kind'].map((name) => `SELECT ${name} FROM document, fence WHERE id = $1`);
const LATE = ['old_kind', 'kind'];

async function check(pool) {
  const fence = new Fence('document-kind');
  const change = async (kind, id = 1) => (await fence.send(pool, CHANGE, [id, kind])).map(({ row }) => LATE.map((n) => row[n]));
  const enter = (phase) => pool.query('UPDATE migration_state SET phase = $1', [phase]);

  await pool.query(TABLES);
  await assert.rejects(change('a'), /not registered/);
  await pool.query("INSERT INTO migration_state VALUES ('document-kind', 0)");
  assert.deepEqual(await change('a'), [['A', null]]);
  assert.deepEqual(await change('a', 9), [], 'there is no such row');
  await enter(1);
  assert.deepEqual(await change('b'), [['B', 'b']], 'the guess was phase 0');
  await enter(3);
  assert.deepEqual(await change('c'), [['B', 'c']], 'a step was not seen');
  assert.deepEqual((await fence.send(pool, READ, [1])).map((row) => row.kind), ['c']);

  // at another isolation level the snapshot may be older than the lock
  const client = await pool.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await assert.rejects(fence.send(client, CHANGE, [1, 'd']), /READ COMMITTED/);
  await client.query('ROLLBACK');
  client.release();
  assert.throws(() => fence.statement('UPDATE document SET kind = $1', 0), /not behind the fence/);

  // after the drop a guess of phase 2 names a column that is gone
  await pool.query('ALTER TABLE document DROP COLUMN old_kind');
  fence.seen = 2;
  assert.deepEqual(await change('e'), [[undefined, 'e']]);
  // the same error without a drop is the caller's
  await enter(1);
  fence.seen = 1;
  await assert.rejects(change('f'), /column "old_kind" .*does not exist/);
}

const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000, query_timeout: 30000 });
check(pool).then(() => console.log('ok      helpers/node/fence.js')).finally(() => pool.end());
